//! The types of a program as its debug information tells them, and what a change of their layout would break.

mod check;
mod dies;
mod dwarf;
mod known;
mod table;

pub(crate) use known::KnownTypes;
pub(crate) use table::TypeTable;
