//! Which of the functions that were inlined into a function changed, where that can be told.
//!
//! Optimised code is one whole: a change in one part may shift the others. A part counts as changed if its substance
//! did. Only if the function itself did not change, its parts are named instead of it.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap as HashMap;

use super::paths::{Crates, plain_linkage};
use crate::elf::substance::{self, Substance};
use crate::fingerprint;
use crate::names::Names;
use crate::program::{Atom, Program};

/// By the linkage name of a part, nothing for the function itself: its instructions, in no order.
type Parts = BTreeMap<Box<str>, Vec<Substance>>;

/// The parts of a function that changed from one program to the next, by linkage name. None if the function itself
/// changed, or nothing can be told.
pub(super) fn changed(
    before: &Program,
    program: &Program,
    names: &Names,
    crates: &Crates,
    function: Atom,
) -> Vec<Box<str>> {
    let mut own = Own {
        crates,
        known: HashMap::default(),
    };
    let inlined = program.object(function).inlined();
    if !inlined.all(function.section).any(|linkage| own.is(linkage)) {
        return Vec::new();
    }
    let Some(old) = same(before, program, function) else {
        return Vec::new();
    };
    let old = parts(before, names, &mut own, old);
    let new = parts(program, names, &mut own, function);
    let names = old.keys().chain(new.keys());
    let mut changed: Vec<_> = names
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect();
    changed.sort();
    changed.dedup();
    if changed.iter().any(|name| name.is_empty()) {
        changed.clear();
    }
    changed.retain(|name| new.contains_key(name));
    changed
}

/// The function of the same symbol in another program.
fn same(before: &Program, program: &Program, function: Atom) -> Option<Atom> {
    let linkage = program.id(function)?.linkage;
    let mut found = before
        .functions()
        .filter(|atom| before.id(*atom).is_some_and(|id| id.linkage == linkage));
    found.next().filter(|_| found.next().is_none())
}

fn parts(program: &Program, names: &Names, own: &mut Own<'_>, function: Atom) -> Parts {
    let object = program.object(function);
    let relocations = &object.file.section(function.section).relocations;
    let references: Vec<_> = relocations
        .iter()
        .map(|relocation| {
            (
                relocation.offset,
                fingerprint::reference(object, names, relocation),
            )
        })
        .collect();
    let inlined = object.inlined();
    let mut parts = Parts::new();
    for (offset, substance) in substance::of(object.file.data(function.section), &references) {
        let around = inlined.around(function.section, offset);
        let mut owners = around
            .into_iter()
            .rev()
            .map(|copy| inlined.name(function.section, copy));
        let owner = owners.find(|linkage| own.is(linkage)).unwrap_or_default();
        parts.entry(owner.into()).or_default().push(substance);
    }
    for substances in parts.values_mut() {
        substances.sort_unstable();
    }
    parts
}

/// Whose functions the parts are, remembered.
struct Own<'a> {
    crates: &'a Crates,
    known: HashMap<Box<str>, bool>,
}

impl Own<'_> {
    fn is(&mut self, linkage: &str) -> bool {
        if let Some(known) = self.known.get(linkage) {
            return *known;
        }
        let is_own = self.crates.own_symbol(linkage, &plain_linkage(linkage));
        self.known.insert(linkage.into(), is_own);
        is_own
    }
}
