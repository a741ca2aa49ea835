//! What types look like in memory, as data: made while compiling, so that a library's manifest can contain it as text.

mod signature;
mod text;

pub use signature::{Argument, Signature};

/// What a type looks like in memory.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The name of the type without its path. Types that the language has no name for have an empty one.
    pub name: &'static str,
    /// Its size in bytes.
    pub size: usize,
    /// Its alignment in bytes.
    pub align: usize,
    /// What it is made of.
    pub kind: Kind,
}

/// What a type is made of.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A type of the language.
    Number,
    /// Fields at fixed places.
    Record(&'static [Field]),
    /// One of several numbers.
    Choice(&'static [Variant]),
    /// Items one after the other.
    Array {
        /// What they are.
        item: &'static Layout,
        /// How many there are.
        len: usize,
    },
    /// No value. Only given back.
    Nothing,
    /// Bytes that are UTF-8. Only given back.
    Text,
    /// Any number of items. Only given back.
    List(&'static Layout),
    /// A `u32` that is 0 for `None`, and a value behind it. Only given back.
    Option(&'static Layout),
    /// A `u32` that is 0 for `Ok` and 1 for `Err`, and a value behind it. Only given back.
    Result(&'static Layout, &'static Layout),
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, or its number.
    pub name: &'static str,
    /// Where it lies in the record, in bytes.
    pub offset: usize,
    /// What it is.
    pub layout: &'static Layout,
}

/// A variant of an enum without fields.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// The number that stands for it.
    pub number: i128,
}

impl Layout {
    /// The layout of `T`, whose size and alignment the compiler knows.
    pub const fn of<T>(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            size: size_of::<T>(),
            align: align_of::<T>(),
            kind,
        }
    }
}
