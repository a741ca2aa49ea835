//! What the values of `State`s are made of: parts that say how they are migrated, and parts that move as they are.
//!
//! A part of the first kind may change its layout: the process makes a new value of it. All others may not.

use rustc_hash::FxHashSet as HashSet;

use super::known::KnownTypes;
use super::reach::Step;
use super::shown;
use super::table::TypeTable;
use crate::names::{Name, Names};

/// The parts of a value of type `content` that move as they are, each with the way to it.
pub(super) fn left_alone(known: &KnownTypes, names: &Names, content: Name) -> Vec<(Name, Step)> {
    let mut left = Vec::new();
    walk(known, names, content, |of, parent, migrates| {
        if !migrates {
            left.push((of, Step::Content(parent, content)));
        }
    });
    left
}

impl KnownTypes {
    /// The types of values that migrate if this becomes live, as the new objects have parts of them otherwise.
    pub(crate) fn migrating<'a>(
        &self,
        tables: impl IntoIterator<Item = &'a TypeTable>,
        names: &Names,
    ) -> HashSet<Name> {
        let types = tables.into_iter().flat_map(|table| &table.types);
        let changed = types.filter(|described| !self.agrees(described, names));
        let changed: HashSet<Name> = changed.map(|described| described.name).collect();
        let is_changed = |content: &Name| {
            let mut found = false;
            walk(self, names, *content, |of, _, _| found |= changed.contains(&of));
            found
        };
        self.contents.iter().copied().filter(is_changed).collect()
    }
}

/// Calls `each` with every part of a type, its parent, and whether the part says how it is migrated.
fn walk(known: &KnownTypes, names: &Names, content: Name, mut each: impl FnMut(Name, Name, bool)) {
    let mut open = vec![(content, content)];
    let mut seen: HashSet<Name> = HashSet::default();
    while let Some((of, parent)) = open.pop() {
        if !seen.insert(of) {
            continue;
        }
        let migrates = known.migrates.contains(&of);
        each(of, parent, migrates);
        if !migrates {
            continue;
        }
        let text = names.text(of);
        // What a collection is made of inside is its own business: it is made anew of its items.
        let is_collection = !shown::is_of_user(text) && !text.starts_with('(');
        for described in known.types.get(&of).into_iter().flatten() {
            if is_collection {
                open.extend(described.leads_to.iter().map(|next| (*next, of)));
            } else {
                open.extend(described.fields().map(|field| (field.of, of)));
            }
        }
    }
}
