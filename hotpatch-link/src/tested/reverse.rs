//! Who leads to what in a program: calls, pointers, vtables and statics alike. Whoever holds a pointer to a function
//! counts as its caller.

use hotpatch_abi::names::ENTRY_PREFIX;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::hot;
use crate::names::Names;
use crate::object_file::Role;
use crate::program::{Atom, Program};

/// The symbol with which a program begins.
const MAIN: &str = "main";

/// The references of a program, backwards.
pub(super) struct Reverse<'a> {
    program: &'a Program,
    names: &'a Names,
    from: HashMap<Atom, Vec<Atom>>,
    starts: HashSet<Atom>,
}

impl<'a> Reverse<'a> {
    pub(super) fn of(program: &'a Program, names: &'a Names) -> Self {
        let mut from: HashMap<Atom, Vec<Atom>> = HashMap::default();
        let mut starts = HashSet::default();
        for (index, object) in program.objects.iter().enumerate() {
            let at = |section| Atom {
                object: index as u32,
                section,
            };
            starts.extend(object.starts.iter().copied().map(at));
        }
        for atom in program.atoms() {
            let section = program.section(atom);
            if !leads_on(section.role) && !starts.contains(&atom) {
                continue;
            }
            for relocation in &section.relocations {
                if let Some((target, _)) = program.target(atom, relocation) {
                    from.entry(target).or_default().push(atom);
                }
            }
            if section.role == Role::Code
                && let Some(section) = program.object(atom).identities.exception_table(atom.section)
            {
                from.entry(Atom { section, ..atom }).or_default().push(atom);
            }
        }
        Self {
            program,
            names,
            from,
            starts,
        }
    }

    /// All from which `targets` are reached, with them.
    pub(super) fn upwards(&self, targets: impl IntoIterator<Item = Atom>) -> HashSet<Atom> {
        self.upwards_until(targets, |_| false)
    }

    /// The same without those from which they are only reached through the body of a hot function.
    pub(super) fn past_hot(&self, targets: impl IntoIterator<Item = Atom>) -> HashSet<Atom> {
        self.upwards_until(targets, |atom| {
            let title = self.program.title(atom);
            title.is_some_and(|title| hot::is_body(self.names.path(title)))
        })
    }

    fn upwards_until(
        &self,
        targets: impl IntoIterator<Item = Atom>,
        ends: impl Fn(Atom) -> bool,
    ) -> HashSet<Atom> {
        let mut open: Vec<Atom> = targets.into_iter().collect();
        let mut reached: HashSet<Atom> = open.iter().copied().collect();
        while let Some(at) = open.pop() {
            if ends(at) {
                continue;
            }
            let is_entry = self.is_entry(at);
            for next in self.from.get(&at).into_iter().flatten().copied() {
                // Every hot function registers its entry when the program starts: that runs nothing of it.
                if is_entry && self.program.section(next).role != Role::Code {
                    continue;
                }
                if reached.insert(next) {
                    open.push(next);
                }
            }
        }
        reached
    }

    /// The functions that hold tests in a list: the `main` that rustc makes, which changes with every line that moves.
    pub(super) fn holders<'t>(&self, tests: impl Iterator<Item = &'t Atom>) -> HashSet<Atom> {
        let from = |atom: &Atom| self.from.get(atom).into_iter().flatten().copied();
        let lists: HashSet<Atom> = tests.flat_map(from).collect();
        let holders = lists.iter().flat_map(from).chain(lists.iter().copied());
        holders
            .filter(|atom| self.program.section(*atom).role == Role::Code)
            .collect()
    }

    /// Whether something is among these that runs without any test asking for it, or that others call by its name: a
    /// constructor, a function for C.
    pub(super) fn any_for_all(&self, reached: &HashSet<Atom>) -> bool {
        reached
            .iter()
            .any(|atom| self.starts.contains(atom) || self.is_for_others(*atom))
    }

    /// Whether the function that the C library calls is among these.
    pub(super) fn any_main(&self, reached: &HashSet<Atom>) -> bool {
        let is_main = |atom: &Atom| {
            let title = self.program.title(*atom);
            title.is_some_and(|title| self.names.text(title) == MAIN)
        };
        reached.iter().any(is_main)
    }

    fn is_entry(&self, atom: Atom) -> bool {
        let title = self.program.title(atom);
        title.is_some_and(|title| self.names.path(title).contains(ENTRY_PREFIX))
    }

    /// A function with a name that no compiler of Rust gave.
    fn is_for_others(&self, atom: Atom) -> bool {
        if self.program.section(atom).role != Role::Code {
            return false;
        }
        let file = &self.program.object(atom).file;
        file.title(atom.section).is_some_and(|title| {
            let name = self.names.text(title.id.linkage);
            !title.local && title.id.linkage == title.id.path && name != MAIN
        })
    }
}

fn leads_on(role: Role) -> bool {
    matches!(
        role,
        Role::Code | Role::Constant | Role::Variable | Role::ThreadLocal
    )
}
