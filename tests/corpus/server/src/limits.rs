//! How much a user may store.

use std::sync::LazyLock;
use std::sync::Mutex;

use crate::error::ApiError;
use crate::store::Store;

pub const LONGEST: usize = 40;

pub struct Limits {
    pub notes: usize,
    pub per_user: u16,
    pub strict: bool,
}

/// The limits as built.
pub static DEFAULTS: Limits = Limits {
    notes: 100,
    per_user: 50,
    strict: false,
};

/// How often a limit was reached, by its name.
pub static REACHED: LazyLock<Mutex<Vec<&'static str>>> = LazyLock::new(|| Mutex::new(Vec::new()));

pub fn check(store: &Store, text: &str) -> Result<(), ApiError> {
    if text.len() > LONGEST {
        reached("length");
        return Err(ApiError::TooLong {
            length: text.len(),
            limit: LONGEST,
        });
    }
    if store.notes.len() >= DEFAULTS.notes || over(store.notes.len()) {
        reached("notes");
        return Err(ApiError::Full);
    }
    Ok(())
}

#[inline]
fn over(count: usize) -> bool {
    DEFAULTS.strict && count >= usize::from(DEFAULTS.per_user)
}

fn reached(limit: &'static str) {
    REACHED.lock().expect("nobody panics with it").push(limit);
}
