//! The types that live state may be made of: those of the program as built, and of every committed patch.

use rustc_hash::FxHashMap as HashMap;

use super::table::{Type, TypeTable};
use crate::names::Name;

/// The types of everything that was ever live.
#[derive(Debug, Default)]
pub(crate) struct KnownTypes {
    /// Several where a name is not unique, as with one crate in two versions.
    pub(super) types: HashMap<Name, Vec<Type>>,
    pub(super) statics: HashMap<Name, Name>,
    pub(super) signatures: HashMap<Name, Vec<Name>>,
    pub(super) implementors: HashMap<Name, Vec<Name>>,
}

impl KnownTypes {
    /// Adds what an object of a live image says.
    pub(crate) fn add(&mut self, table: &TypeTable) {
        for described in &table.types {
            let known = self.types.entry(described.name).or_default();
            if !known.contains(described) {
                known.push(described.clone());
            }
        }
        self.statics.extend(table.statics.iter().copied());
        self.signatures.extend(table.signatures.iter().cloned());
        for (trait_name, implementor) in &table.implementors {
            let known = self.implementors.entry(*trait_name).or_default();
            if !known.contains(implementor) {
                known.push(*implementor);
            }
        }
    }

    /// Whether a type is new, or as it always was.
    pub(super) fn agrees(&self, described: &Type) -> bool {
        self.types
            .get(&described.name)
            .is_none_or(|known| known.contains(described))
    }
}
