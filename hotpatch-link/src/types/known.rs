//! The types that live state may be made of: those of the program as built, as every committed patch renewed them.
//!
//! A type that matters cannot change, and one that does not matter has no values that later code meets. So the last
//! description of each type is the one that new code must agree with.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::table::{Slot, Type, TypeTable};
use super::{recursion, vtable};
use crate::names::{Name, Names};

/// The types of everything that was ever live.
#[derive(Debug, Default)]
pub(crate) struct KnownTypes {
    /// Several where a name is not unique, as with one crate in two versions.
    pub(super) types: HashMap<Name, Vec<Type>>,
    pub(super) statics: HashMap<Name, Name>,
    pub(super) signatures: HashMap<Name, Vec<Name>>,
    pub(super) methods: HashMap<Name, Vec<Name>>,
    /// By trait, then by implementor.
    pub(super) vtables: HashMap<Name, HashMap<Name, Vec<Slot>>>,
    pub(super) identified: HashSet<Name>,
}

impl KnownTypes {
    /// Learns what the new objects of a program that is live from now on say, except for its statics: which of them are
    /// live is for the patch to say.
    pub(crate) fn learn<'a>(&mut self, tables: impl IntoIterator<Item = &'a TypeTable>) {
        let mut renewed: HashMap<Name, Vec<Type>> = HashMap::default();
        for table in tables {
            for described in &table.types {
                let known = renewed.entry(described.name).or_default();
                if !known.contains(described) {
                    known.push(described.clone());
                }
            }
            self.signatures.extend(table.signatures.iter().cloned());
            self.methods.extend(table.methods.iter().cloned());
            self.identified.extend(&table.identified);
            for vtable in &table.vtables {
                let known = self.vtables.entry(vtable.of).or_default();
                known.insert(vtable.implementor, vtable.slots.clone());
            }
        }
        for (name, new) in renewed {
            match self.types.get_mut(&name) {
                // Which of them the unchanged objects still describe is open.
                Some(known) if known.len() > 1 => {
                    known.extend(
                        new.into_iter()
                            .filter(|new| !known.contains(new))
                            .collect::<Vec<_>>(),
                    );
                }
                _ => {
                    self.types.insert(name, new);
                }
            }
        }
    }

    /// A static lives in the process with this type.
    pub(crate) fn add_static(&mut self, linkage: Name, of: Name) {
        self.statics.insert(linkage, of);
    }

    /// Whether a type is new, or as it always was.
    pub(super) fn agrees(&self, described: &Type, names: &Names) -> bool {
        let agrees = |known: &Vec<Type>| {
            known.contains(described)
                || known
                    .iter()
                    .any(|known| recursion::agree(known, described, names, |from, to| self.leads(from, to)))
        };
        self.types.get(&described.name).is_none_or(agrees)
    }

    /// Whether values of a type lead to another one.
    fn leads(&self, from: Name, to: Name) -> bool {
        let mut seen = HashSet::default();
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            for described in self.types.get(&name).into_iter().flatten() {
                let next = described
                    .fields()
                    .map(|field| field.of)
                    .chain(described.leads_to.iter().copied());
                open.extend(next.filter(|next| seen.insert(*next)));
            }
        }
        seen.contains(&to)
    }

    /// The methods that a trait had, where a new vtable has others. What one type implements tells it best; another
    /// one has the same methods in the same places.
    pub(super) fn other_methods(&self, new: &super::table::Vtable, names: &Names) -> Option<&[Slot]> {
        let known = self.vtables.get(&new.of)?;
        let agrees = |old: &&Vec<Slot>| vtable::agree(old, &new.slots, names);
        match known.get(&new.implementor) {
            Some(old) => (!agrees(&old)).then_some(old),
            None if known.values().any(|old| agrees(&old)) => None,
            None => known.values().next().map(Vec::as_slice),
        }
    }
}
