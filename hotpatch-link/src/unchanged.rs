//! Which functions of the new objects the process already has.
//!
//! A version of a function is *current* if its fingerprint equals that of the new function and every function it
//! reaches is a current version of what the new function reaches. Computed as the greatest such relation: recursion
//! does not make anything new.

use rustc_hash::FxHashMap as HashMap;

use crate::hot;
use crate::live::{Callee, Live, Version};
use crate::names::{Identifier, Names};
use crate::program::{Atom, Program};

/// The current versions of each function of a program.
#[derive(Debug)]
pub(crate) struct Unchanged {
    versions: HashMap<Atom, Vec<Version>>,
    /// Functions that the process has with other code, and hot functions that it does not have. What is new and called
    /// by nobody changes nothing.
    pub(crate) changed: Vec<Atom>,
}

impl Unchanged {
    pub(crate) fn of(program: &Program, live: &Live, names: &Names) -> Self {
        let mut versions = HashMap::default();
        let mut changed = Vec::new();
        let mut callers: HashMap<Atom, Vec<Atom>> = HashMap::default();
        for function in program.functions() {
            let ids: Vec<_> = program.ids(function).collect();
            let known = || ids.iter().flat_map(|id| live.versions(id.path));
            let fingerprint = program.deep(function).fingerprint;
            let is_equal = |version: &Version| {
                live.image(version.image).program.deep(version.atom).fingerprint == fingerprint
            };
            // Many functions may have one path. Symbols tell them apart, as long as there is one that stayed the same.
            let alike = ids.iter().flat_map(|id| live.versions_of_symbol(id.linkage));
            let mut equal: Vec<_> = alike.filter(is_equal).collect();
            if equal.is_empty() {
                equal.extend(known().filter(is_equal));
            }
            let is_body = |id: &Identifier| hot::is_body(names.text(id.path));
            if equal.is_empty() && (known().next().is_some() || ids.iter().any(is_body)) {
                changed.push(function);
            }
            versions.insert(function, equal);
            for callee in program.deep(function).callees.iter().flatten() {
                callers.entry(*callee).or_default().push(function);
            }
        }
        let mut unchanged = Self { versions, changed };
        unchanged.settle(program, live, &callers);
        unchanged
    }

    fn settle(&mut self, program: &Program, live: &Live, callers: &HashMap<Atom, Vec<Atom>>) {
        let mut open: Vec<Atom> = self.versions.keys().copied().collect();
        while let Some(function) = open.pop() {
            let before = &self.versions[&function];
            let new = &program.deep(function).callees;
            let is_current = |version: &Version| {
                let old = live.callees(*version);
                old.len() == new.len()
                    && new.iter().zip(old).all(|pair| match pair {
                        (None, Some(Callee::Outside)) => true,
                        (Some(new), Some(Callee::Function(old))) => self.is_current(*new, old),
                        _ => false,
                    })
            };
            let after: Vec<_> = before.iter().copied().filter(is_current).collect();
            if after.len() != before.len() {
                self.versions.insert(function, after);
                open.extend(callers.get(&function).into_iter().flatten());
            }
        }
    }

    pub(crate) fn is_current(&self, function: Atom, version: Version) -> bool {
        self.versions
            .get(&function)
            .is_some_and(|versions| versions.contains(&version))
    }

    /// A current version whose address is known.
    pub(crate) fn addressable(&self, function: Atom, live: &Live) -> Option<Version> {
        let versions = self.versions.get(&function)?;
        versions
            .iter()
            .copied()
            .find(|version| live.offset(*version).is_some())
    }
}
