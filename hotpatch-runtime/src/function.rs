//! What the process can say about its hot functions.

use std::fmt;
use std::path::PathBuf;

use crate::platform::Program;
use crate::registry;
use crate::scope::Scope;
use crate::table::{Row, Table};

/// A hot function of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Function {
    /// The full path, for example `game::Player::hurt`.
    pub name: String,
    /// The signature as written.
    pub signature: String,
    /// The generation whose commit made the code that runs; 0 for the code as built.
    pub generation: u64,
    /// Where the code that runs lies; `None` for a method that was never patched.
    pub address: Option<Address>,
    /// The file of the image that holds the code.
    pub image: PathBuf,
}

/// An address of code in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub usize);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// The generation that is live: 0 for the program as built, and one more with every commit.
pub fn generation() -> u64 {
    Table::live(&Scope::open()).generation
}

/// The hot functions of this process, in the order of their slots.
pub fn functions() -> Vec<Function> {
    let scope = Scope::open();
    registry::refresh(&scope);
    let table = Table::live(&scope);
    table.rows.iter().map(|row| describe(table, row)).collect()
}

fn describe(table: &Table, row: &Row) -> Function {
    let (address, image) = match row.code {
        Some(code) => (Some(code.address.as_ptr().addr()), code.image),
        None => {
            let entry = std::ptr::from_ref(row.entry).addr();
            let image = table.images.iter().copied().find(|image| image.contains(entry));
            (row.entry.body.map(|body| body.0.addr()), image)
        }
    };
    Function {
        name: row.name.to_string(),
        signature: row.entry.signature.into(),
        generation: row.since,
        address: address.map(Address),
        image: image.map_or_else(|| Program::get().path.clone(), |image| image.path.clone()),
    }
}
