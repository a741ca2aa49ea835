//! The types that live state may be made of: those of the program as built, as every committed patch renewed them.
//!
//! A type that matters cannot change, and one that does not matter has no values that later code meets. So the last
//! description of each type is the one that new code must agree with.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::table::{Slot, Type, TypeTable, Vtable};
use super::{differences, recursion, vtable};
use crate::entrances::Entrances;
use crate::names::{Name, Names};

/// The types of everything that was ever live.
#[derive(Debug, Default)]
pub(crate) struct KnownTypes {
    /// Several where a name is not unique, as with one crate in two versions.
    pub(super) types: HashMap<Name, Vec<Type>>,
    pub(super) statics: HashMap<Name, Name>,
    pub(super) signatures: HashMap<Name, Vec<Name>>,
    pub(super) arguments: HashMap<Name, Vec<Name>>,
    pub(super) methods: HashMap<Name, Vec<Name>>,
    /// By trait, then by implementor.
    pub(super) vtables: HashMap<Name, HashMap<Name, Vec<Slot>>>,
    pub(super) identified: HashSet<Name>,
    /// The types that a `State` is of.
    pub(super) contents: HashSet<Name>,
    /// The types that say how they are migrated.
    pub(super) migrates: HashSet<Name>,
    /// The bodies that are entered only while a value of a `State` is used, and those that are not.
    pub(super) confined: HashSet<Name>,
    pub(super) free: HashSet<Name>,
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
            let arguments = table.arguments.iter();
            self.arguments
                .extend(arguments.map(|(body, names)| (*body, names.clone())));
            self.methods.extend(table.methods.iter().cloned());
            self.identified.extend(&table.identified);
            self.contents.extend(&table.contents);
            self.migrates.extend(&table.migrates);
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

    /// Whether a `State` is of any type.
    pub(crate) fn has_contents(&self) -> bool {
        !self.contents.is_empty()
    }

    /// The bodies that are or were live.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = Name> {
        self.signatures.keys().copied()
    }

    /// Where the bodies of a program that is live from now on are entered.
    pub(crate) fn note_entrances(&mut self, Entrances { confined, free }: Entrances) {
        self.confined.extend(confined);
        self.free.extend(free);
    }

    /// Whether what a body takes and returns is state of its own: not if it is entered only while a value of a `State` is
    /// used. Then all that it is given comes from there, or from what is looked at by itself; and no commit that migrates
    /// meets it.
    pub(super) fn counts(&self, body: Name) -> bool {
        !self.confined.contains(&body) || self.free.contains(&body)
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
    pub(super) fn leads(&self, from: Name, to: Name) -> bool {
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

    /// What a new vtable has other than the ones that the process has for the same trait, if anything. What one type
    /// implements tells it best; another one has the same methods in the same places.
    pub(super) fn other_methods(
        &self,
        new: &Vtable,
        signatures: &HashMap<Name, &[Name]>,
        names: &Names,
    ) -> Option<String> {
        let known = self.vtables.get(&new.of)?;
        let differs = |old: &Vec<Slot>| match vtable::agree(old, &new.slots, names) {
            false => Some(differences::methods(old, &new.slots, names)),
            true => self.other_signature(old, &new.slots, signatures, names),
        };
        match known.get(&new.implementor) {
            Some(old) => differs(old),
            None if known.values().any(|old| differs(old).is_none()) => None,
            None => known.values().find_map(differs),
        }
    }

    /// The traits whose methods take or return other types under the names that they had. Names say nothing of types
    /// under v0 mangling, and then the objects with the vtables may be what they were.
    pub(super) fn renewed_methods<'a>(
        &'a self,
        signatures: &'a HashMap<Name, &[Name]>,
        names: &'a Names,
    ) -> impl Iterator<Item = (Name, String)> + 'a {
        let renewed = signatures.iter().filter_map(|(name, now)| {
            let before = self.methods.get(name)?.as_slice();
            (before != *now).then_some((*name, before, *now))
        });
        renewed.flat_map(move |(name, before, now)| {
            let has = move |slots: &Vec<Slot>| slots.iter().flatten().any(|target| *target == name);
            let traits = self.vtables.iter();
            let traits = traits.filter(move |(_, known)| known.values().any(has));
            traits.map(move |(of, _)| {
                let method = vtable::method(names.path(name));
                (*of, differences::signature(method, before, now, names))
            })
        })
    }

    /// A method that takes or returns other types than before. Objects that exist lead to the function that it was,
    /// and new code would call it as what it is.
    fn other_signature(
        &self,
        old: &[Slot],
        new: &[Slot],
        signatures: &HashMap<Name, &[Name]>,
        names: &Names,
    ) -> Option<String> {
        let other = |(old, new): (Name, Name)| {
            let before = self.methods.get(&old)?.as_slice();
            let now = signatures.get(&new).copied();
            let now = now.or_else(|| self.methods.get(&new).map(Vec::as_slice))?;
            (before != now)
                .then(|| differences::signature(vtable::method(names.path(new)), before, now, names))
        };
        old.iter().zip(new).find_map(|(old, new)| {
            let mut pairs = vtable::pairs(old, new, names).map(other);
            // Where functions were merged, one that agrees is the method.
            let first = pairs.next()??;
            pairs.all(|other| other.is_some()).then_some(first)
        })
    }
}
