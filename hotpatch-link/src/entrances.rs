//! Where the bodies of hot functions and closures are entered: only while a value of a `State` is used, or also otherwise.
//!
//! A value of a `State` reaches code through the closures that are given to `State::with`. Code that is called by nothing
//! else, at any depth, handles the types of the value without holding any of them across a commit that migrates it.

use hotpatch_abi::names::ENTRY_PREFIX;
use rustc_hash::FxHashSet as HashSet;

use crate::hot;
use crate::names::{Name, Names};
use crate::object_file::Role;
use crate::program::{Atom, Program};

/// The bodies of a program, by their symbols.
#[derive(Debug, Default)]
pub(crate) struct Entrances {
    /// Those that are entered only while a value is used.
    pub(crate) confined: HashSet<Name>,
    /// All others. What a closure that is given to `State::with` captures and returns is handled by whoever gives it: it is
    /// among these if that happens outside.
    pub(crate) free: HashSet<Name>,
}

impl Entrances {
    pub(crate) fn of(program: &Program, names: &Names) -> Self {
        let mut search = Search {
            program,
            names,
            reached: HashSet::default(),
            open: Vec::new(),
            given: HashSet::default(),
        };
        for atom in program.atoms() {
            if search.begins(atom) {
                search.reach(atom);
            }
        }
        while let Some(atom) = search.open.pop() {
            search.follow(atom);
        }
        let mut entrances = Self::default();
        for atom in program.functions() {
            let is_free = search.reached.contains(&atom) || search.given.contains(&atom);
            for id in program.ids(atom) {
                if hot::is_body(names.text(id.path)) {
                    let bodies = match is_free {
                        true => &mut entrances.free,
                        false => &mut entrances.confined,
                    };
                    bodies.insert(id.linkage);
                }
            }
        }
        entrances
    }
}

struct Search<'a> {
    program: &'a Program,
    names: &'a Names,
    /// What runs, or may be reached, outside.
    reached: HashSet<Atom>,
    open: Vec<Atom>,
    /// The closures that code outside gives to `State::with`.
    given: HashSet<Atom>,
}

impl Search<'_> {
    /// Whether something outside of all functions of the author leads there: it runs by itself, lies in a static, or can
    /// be called from other languages.
    fn begins(&self, atom: Atom) -> bool {
        match self.program.section(atom).role {
            Role::Code => {
                let mut ids = self.program.ids(atom);
                ids.any(|id| !is_mangled(self.names.text(id.linkage)))
            }
            Role::Variable | Role::ThreadLocal => !self.is_entry(atom),
            // Constructors.
            Role::Other => true,
            Role::Constant | Role::Unwind | Role::Debug => false,
        }
    }

    fn is_entry(&self, atom: Atom) -> bool {
        let mut titles = self.program.object(atom).file.titles(atom.section);
        titles.any(|title| self.names.text(title.id.path).contains(ENTRY_PREFIX))
    }

    fn reach(&mut self, atom: Atom) {
        if self.reached.insert(atom) {
            self.open.push(atom);
        }
    }

    fn follow(&mut self, atom: Atom) {
        let is_code = self.program.section(atom).role == Role::Code;
        for relocation in &self.program.section(atom).relocations {
            let Some((target, _)) = self.program.target(atom, relocation) else {
                continue;
            };
            let mut ids = self.program.ids(target);
            if ids.any(|id| hot::is_access(self.names.text(id.path))) {
                self.given.insert(target);
            } else if is_code || !self.is_entry(target) {
                // What registers an entry does not call the function.
                self.reach(target);
            }
        }
    }
}

fn is_mangled(linkage: &str) -> bool {
    linkage.starts_with("_ZN") || linkage.starts_with("_R")
}
