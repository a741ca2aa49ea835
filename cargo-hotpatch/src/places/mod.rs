//! Where in the sources the item lies that a refusal is about. Debug information has no lines for types, so the sources
//! are parsed; only refusals pay for it.
//!
//! Invariant: no place is better than a wrong place. Whatever is not clear has none.

mod cfg;
mod finder;
mod in_macros;
mod item_path;
mod items;
mod modules;
mod place;
mod source_file;

pub(crate) use finder::{Crate, find};
pub(crate) use place::{Place, Span};
