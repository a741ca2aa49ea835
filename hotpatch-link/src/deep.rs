//! Functions with all the constants they lead to, across the objects of a program.
//!
//! The constants that a function leads to are visited in the order of their mentions, each once; a mention of one that
//! was visited before counts as its number. Two functions with equal results are the roots of equal graphs of
//! constants, cycles included.

use rustc_hash::FxHashMap as HashMap;
use xxhash_rust::xxh3::Xxh3;

use crate::fingerprint::{self, Fingerprint, Mention};
use crate::names::{Name, Names};
use crate::object_file::{Role, Symbol};
use crate::program::{Atom, Program};

/// A function, as far as its own code and its constants say.
#[derive(Clone, Debug)]
pub(crate) struct Deep {
    pub(crate) fingerprint: Fingerprint,
    /// The functions it mentions, itself or in its constants; `None` for those of no workspace crate.
    pub(crate) callees: Vec<Option<Atom>>,
}

impl Deep {
    pub(crate) fn of(program: &Program, names: &Names, function: Atom) -> Self {
        let mut visit = Visit::new(program, names);
        visit.content(function);
        visit.end()
    }

    /// The same for one of the definitions of a section: a static with its initial value, or a function among others.
    pub(crate) fn of_part(program: &Program, names: &Names, atom: Atom, symbol: &Symbol) -> Self {
        let mut visit = Visit::new(program, names);
        let (fingerprint, mentions) =
            fingerprint::part(&program.object(atom).file, names, atom.section, symbol);
        visit.parts(atom, fingerprint, &mentions);
        visit.end()
    }
}

struct Visit<'a> {
    program: &'a Program,
    names: &'a Names,
    hash: Xxh3,
    numbers: HashMap<Atom, u32>,
    callees: Vec<Option<Atom>>,
}

impl<'a> Visit<'a> {
    fn new(program: &'a Program, names: &'a Names) -> Self {
        Self {
            program,
            names,
            hash: Xxh3::new(),
            numbers: HashMap::default(),
            callees: Vec::new(),
        }
    }

    fn end(self) -> Deep {
        Deep {
            fingerprint: Fingerprint(self.hash.digest128()),
            callees: self.callees,
        }
    }

    fn content(&mut self, atom: Atom) {
        let identities = &self.program.object(atom).identities;
        self.parts(
            atom,
            identities.fingerprint(atom.section),
            identities.mentions(atom.section),
        );
    }

    fn parts(&mut self, atom: Atom, fingerprint: Fingerprint, mentions: &[Mention]) {
        self.hash.update(&fingerprint.0.to_le_bytes());
        for mention in mentions {
            match *mention {
                Mention::Constant(section) => self.constant(Atom { section, ..atom }),
                Mention::Named(name) => self.named(atom, name),
            }
        }
    }

    fn named(&mut self, from: Atom, name: Name) {
        let id = self.names.id(name);
        let Some(target) = self.program.resolve(from.object, name) else {
            self.hash.update(self.names.text(id.linkage).as_bytes());
            self.callees.push(None);
            return;
        };
        match self.program.section(target).role {
            Role::Code => {
                if self.is_first(target) {
                    self.hash.update(self.names.text(id.path).as_bytes());
                    self.callees.push(Some(target));
                }
            }
            // Thin-local LTO gives names to what lies in a pool, where the neighbours may be anybody's.
            Role::Constant => match fingerprint::pooled(&self.program.object(target).file, name) {
                Some(content) => {
                    self.hash.update(&content.len().to_le_bytes());
                    self.hash.update(content);
                }
                None => self.constant(target),
            },
            _ => self.hash.update(self.names.variable(name)),
        }
    }

    fn constant(&mut self, atom: Atom) {
        if self.is_first(atom) {
            self.content(atom);
        }
    }

    fn is_first(&mut self, atom: Atom) -> bool {
        let next = self.numbers.len() as u32;
        let number = *self.numbers.entry(atom).or_insert(next);
        self.hash.update(&number.to_le_bytes());
        number == next
    }
}
