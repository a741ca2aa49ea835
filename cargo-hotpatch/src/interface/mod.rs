//! Whether an edit of a crate changes what the crates that depend on it were compiled against.

mod body;
mod function;
mod known;
mod offers;
mod regime;
mod shape;
mod skeleton;
mod symbols;
mod unseen;

pub(crate) use offers::{Offers, SymbolTables};
pub(crate) use regime::Regime;
pub(crate) use shape::Shape;
pub(crate) use symbols::Symbols;
