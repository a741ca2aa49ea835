//! The types of a program as its debug information tells them, and what a change of their layout would break.

mod check;
mod contents;
mod dies;
mod differences;
mod dwarf;
mod known;
#[cfg(test)]
mod random;
mod reach;
mod recursion;
mod shown;
mod table;
mod vtable;

pub(crate) use known::KnownTypes;
pub(crate) use table::{Identity, TypeTable};
