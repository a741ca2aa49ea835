//! The types that one object describes.

use crate::names::Name;

/// A type, by its full name: `game::Player`, `&mut game::World`, `[u8; 4]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Type {
    pub(crate) name: Name,
    pub(crate) size: u64,
    pub(crate) members: Vec<Member>,
    pub(crate) variants: Vec<Variant>,
    /// Of an enum without payload: its values.
    pub(crate) enumerators: Vec<(Name, i128)>,
    /// Types that values of this one may lead to without a member saying so: pointees, elements, type parameters.
    pub(crate) leads_to: Vec<Name>,
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: Name,
    pub(crate) offset: u64,
    pub(crate) of: Name,
}

/// A variant of an enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    /// `None` for the variant that every other value means.
    pub(crate) discriminant: Option<i128>,
    pub(crate) content: Member,
}

/// What one object says about types.
#[derive(Debug, Default)]
pub(crate) struct TypeTable {
    pub(crate) types: Vec<Type>,
    /// The types of statics and thread-locals, by linkage name.
    pub(crate) statics: Vec<(Name, Name)>,
    /// The types of the arguments of functions, and of what they return, by linkage name.
    pub(crate) signatures: Vec<(Name, Vec<Name>)>,
    /// The types behind trait objects, with the name of the trait.
    pub(crate) implementors: Vec<(Name, Name)>,
}
