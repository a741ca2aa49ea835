//! What the process can say about its hot functions.

use crate::generic::RegisteredGeneric;
use crate::platform::Program;
use crate::registry;
use crate::report::{Address, Function};
use crate::scope::Scope;
use crate::table::{Row, Table};

/// The generation that is live: 0 for the program as built, and one more with every commit. Inside
/// [`consistent`](crate::consistent), the generation that it runs on.
pub fn generation() -> u64 {
    Table::seen(&Scope::open()).generation
}

/// The hot functions of this process and the instances of generic ones that were patched, in the order of their slots;
/// then the generic functions themselves.
pub fn functions() -> Vec<Function> {
    let scope = Scope::open();
    registry::refresh(&scope);
    let table = Table::live(&scope);
    let rows = table.rows.iter().filter_map(|row| describe(table, row));
    let generic = inventory::iter::<RegisteredGeneric>().map(describe_generic);
    let mut generic: Vec<_> = generic.collect();
    generic.sort_by(|a, b| (&a.name, &a.signature).cmp(&(&b.name, &b.signature)));
    rows.chain(generic).collect()
}

fn describe_generic(function: &RegisteredGeneric) -> Function {
    Function {
        name: function.path.into(),
        signature: function.signature.into(),
        generation: 0,
        address: None,
        image: Program::get().path.clone(),
    }
}

/// `None` for a row about nothing.
fn describe(table: &Table, row: &Row) -> Option<Function> {
    let place = row.place()?;
    // SAFETY: the row is one of a table that the scope of the caller keeps, and with it the images of its entries.
    let entry = row.entry().map(|entry| unsafe { entry.as_ref() });
    let built = match entry {
        Some(entry) => entry.body.map(|body| body.0.addr()),
        None => Some(place),
    };
    let mut images = table.images.iter();
    let (address, image) = match row.code {
        Some(code) => (
            Some(code.address.as_ptr().addr()),
            images.find(|image| Some(image.id) == code.image),
        ),
        None => (built, images.find(|image| image.contains(place))),
    };
    Some(Function {
        name: row.name.to_string(),
        signature: entry.map_or("", |entry| entry.signature).into(),
        generation: row.since,
        address: address.map(Address),
        image: image.map_or_else(|| Program::get().path.clone(), |image| image.path.clone()),
    })
}
