//! Which functions of the new objects the process already has.
//!
//! A version of a function is *current* if its fingerprint equals that of the new function and every function it
//! reaches is a current version of what the new function reaches. Computed as the greatest such relation: recursion
//! does not make anything new.

use rustc_hash::FxHashSet as HashSet;

use crate::by_atom::ByAtom;
use crate::callers::Callers;
use crate::hot;
use crate::live::{BASE, Callee, Live, Version};
use crate::names::{Identifier, Names};
use crate::program::{Atom, Program};

/// The current versions of each function of a program.
#[derive(Debug)]
pub(crate) struct Unchanged {
    versions: ByAtom<Vec<Version>>,
    /// Functions that the process has with other code, and hot functions that it does not have. What is new and called
    /// by nobody changes nothing.
    pub(crate) changed: Vec<Atom>,
}

impl Unchanged {
    /// `instances` are the bodies of instances that the process has.
    pub(crate) fn of(program: &Program, live: &Live, names: &Names, instances: &HashSet<Atom>) -> Self {
        let mut unchanged = Self {
            versions: ByAtom::of(program, Vec::new()),
            changed: Vec::new(),
        };
        // A function that the program as built has as it is, callees and all, is current unless one of these is not.
        let (mut open, mut others) = (Vec::new(), Vec::new());
        for function in program.functions() {
            let built = program.shares(live.program(), function.object);
            let built = built.then_some(Version {
                image: BASE,
                atom: function,
            });
            let equal = equal(program, live, function, built);
            if equal.is_empty() && is_known(program, live, names, instances, function) {
                unchanged.changed.push(function);
            }
            if equal.len() > 1 || built.is_none() {
                open.push(function);
            }
            let as_built = Version {
                image: BASE,
                atom: function,
            };
            if !equal.contains(&as_built) {
                others.push(function);
            }
            *unchanged.versions.get_mut(function) = equal;
        }
        let callers = Callers::of(program);
        open.extend(others.into_iter().flat_map(|function| callers.get(function)));
        unchanged.settle(program, live, &callers, open);
        unchanged
    }

    fn settle(&mut self, program: &Program, live: &Live, callers: &Callers, mut open: Vec<Atom>) {
        while let Some(function) = open.pop() {
            let before = self.versions.get(function);
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
                *self.versions.get_mut(function) = after;
                open.extend(callers.get(function));
            }
        }
    }

    pub(crate) fn is_current(&self, function: Atom, version: Version) -> bool {
        self.versions.get(function).contains(&version)
    }

    /// A current version whose address is known.
    pub(crate) fn addressable(&self, function: Atom, live: &Live) -> Option<Version> {
        let mut versions = self.versions.get(function).iter().copied();
        versions.find(|version| live.offset(*version).is_some())
    }
}

/// The versions with the same code as a function. `built` is known to be one.
fn equal(program: &Program, live: &Live, function: Atom, built: Option<Version>) -> Vec<Version> {
    let fingerprint = program.deep(function).fingerprint;
    let is_equal = |version: &Version| live.fingerprint(*version) == Some(fingerprint);
    let ids = || program.ids(function);
    // Many functions may have one path. Symbols tell them apart, as long as there is one that stayed the same.
    let skipped = usize::from(built.is_some());
    let alike = ids().flat_map(|id| live.versions_of_symbol(id.linkage, skipped));
    let mut equal: Vec<_> = built.into_iter().chain(alike.filter(is_equal)).collect();
    if equal.is_empty() {
        equal.extend(ids().flat_map(|id| live.versions(id.path)).filter(is_equal));
    }
    equal
}

/// Whether the process has a function of this name, or would have it if it did not come with the edit.
fn is_known(
    program: &Program,
    live: &Live,
    names: &Names,
    instances: &HashSet<Atom>,
    function: Atom,
) -> bool {
    let is_known = |id: Identifier| {
        let path = names.text(id.path);
        if hot::is_instance(path) {
            return instances.contains(&function);
        }
        live.versions(id.path).next().is_some() || hot::is_body(path)
    };
    program.ids(function).any(is_known)
}
