//! The types that one object describes.

use rustc_hash::FxHashMap as HashMap;

use crate::names::Name;

/// A type, by its full name: `game::Player`, `&mut game::World`, `[u8; 4]`.
///
/// Fields, variants and values are in the order of their places, not of the source: moving one in the source without
/// moving it in memory changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Type {
    pub(crate) name: Name,
    pub(crate) size: u64,
    /// 0 where the debug information does not tell it.
    pub(crate) align: u64,
    pub(crate) members: Vec<Member>,
    pub(crate) variants: Vec<Variant>,
    /// Of an enum without payload: its values.
    pub(crate) enumerators: Vec<(Name, i128)>,
    /// Types that values of this one may lead to without a member saying so: pointees, elements, type parameters.
    pub(crate) leads_to: Vec<Name>,
}

impl Type {
    /// All fields, those of the variants included.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Member> {
        let variants = self.variants.iter().flat_map(|variant| &variant.members);
        self.members.iter().chain(variants)
    }

    pub(super) fn sort(&mut self) {
        let place = |member: &Member| (member.offset, member.name);
        self.members.sort_by_key(place);
        for variant in &mut self.variants {
            variant.members.sort_by_key(place);
            variant.members.dedup();
        }
        self.variants
            .sort_by_key(|variant| (variant.discriminant, variant.name));
        self.enumerators.sort_by_key(|(name, value)| (*value, *name));
        self.leads_to.sort();
        self.leads_to.dedup();
    }
}

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: Name,
    pub(crate) offset: u64,
    pub(crate) of: Name,
}

/// A variant of an enum, or a state of a future.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) name: Name,
    /// `None` for the variant that every other value means.
    pub(crate) discriminant: Option<i128>,
    pub(crate) members: Vec<Member>,
}

/// How a type implements a trait behind a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vtable {
    /// The trait, with its arguments.
    pub(crate) of: Name,
    pub(crate) implementor: Name,
    /// What follows size and alignment.
    pub(crate) slots: Vec<Slot>,
}

/// A place of a vtable: the names of the functions that lie where it points to. Several where the compiler merged
/// functions, none where the trait has no such method.
pub(crate) type Slot = Vec<Name>;

/// A function that holds the `TypeId` of a type in its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) of: Name,
    /// What the function is called. Functions of one name have the same code for the same type.
    pub(crate) kind: Name,
    pub(crate) linkage: Name,
}

/// What one object says about types.
#[derive(Debug, Default)]
pub(crate) struct TypeTable {
    pub(crate) types: Vec<Type>,
    /// The types of statics and thread-locals, by linkage name.
    pub(crate) statics: HashMap<Name, Name>,
    /// What the bodies of hot functions return and take, by linkage name.
    pub(crate) signatures: Vec<(Name, Vec<Name>)>,
    /// What the arguments of these bodies are called, by linkage name.
    pub(crate) arguments: HashMap<Name, Vec<Name>>,
    /// What the instances among these bodies are called with their type arguments, by linkage name.
    pub(crate) instances: HashMap<Name, Name>,
    /// What methods return and take besides `self`, by linkage name.
    pub(crate) methods: Vec<(Name, Vec<Name>)>,
    pub(crate) vtables: Vec<Vtable>,
    /// The types that a `State` is of.
    pub(crate) contents: Vec<Name>,
    /// The types that say how they are migrated.
    pub(crate) migrates: Vec<Name>,
    /// Types whose `TypeId` is taken: values of them may be kept without their type and found by it.
    pub(crate) identified: Vec<Name>,
    /// The functions that hold the `TypeId` of a type.
    pub(crate) identities: Vec<Identity>,
    /// What the functions that tell types are called with these types written out: symbol names leave out those that
    /// are the default.
    pub(crate) told: HashMap<Name, Name>,
}

impl TypeTable {
    /// The type of a static or thread-local.
    pub(crate) fn static_type(&self, linkage: Name) -> Option<Name> {
        self.statics.get(&linkage).copied()
    }
}
