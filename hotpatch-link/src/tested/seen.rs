//! The code of a program as it was at the last look: what is not part of it has changed.

use rustc_hash::FxHashSet as HashSet;
use xxhash_rust::xxh3::Xxh3;

use crate::deep::Deep;
use crate::names::Names;
use crate::object_file::Role;
use crate::program::{Atom, Program};

/// A function or a static: its path, its content with all constants, and the symbols of what it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Mark(u128);

/// The marks of a program.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<Mark>);

impl Seen {
    /// Everything that a program is made of.
    pub(super) fn of(program: &Program, names: &Names) -> Self {
        Self(marks(program, names).map(|(_, mark)| mark).collect())
    }

    /// What is in a program and was not here.
    pub(super) fn changed(&self, program: &Program, names: &Names) -> HashSet<Atom> {
        marks(program, names)
            .filter(|(_, mark)| !self.0.contains(mark))
            .map(|(atom, _)| atom)
            .collect()
    }
}

fn marks(program: &Program, names: &Names) -> impl Iterator<Item = (Atom, Mark)> {
    let functions = program.functions().map(|atom| {
        let path = program.title(atom).map_or("", |title| names.path(title));
        (atom, mark(program, names, path, program.deep(atom)))
    });
    let variables = program
        .objects
        .iter()
        .enumerate()
        .flat_map(move |(index, object)| {
            object.file.variables.iter().map(move |(symbol, section)| {
                let symbol = &object.file.symbols[*symbol];
                let atom = Atom {
                    object: index as u32,
                    section: *section,
                };
                let initial = Deep::of_part(program, names, atom, symbol);
                (atom, mark(program, names, names.path(symbol.name), &initial))
            })
        });
    functions.chain(variables)
}

fn mark(program: &Program, names: &Names, path: &str, deep: &Deep) -> Mark {
    let mut hash = Xxh3::new();
    hash.update(path.as_bytes());
    hash.update(&deep.fingerprint.0.to_le_bytes());
    // Instances of one generic function share their path: only the symbol tells which one is called.
    for callee in deep.callees.iter().flatten() {
        if program.section(*callee).role == Role::Code
            && let Some(title) = program.title(*callee)
        {
            hash.update(names.text(names.id(title).linkage).as_bytes());
            hash.update(&[0]);
        }
    }
    Mark(hash.digest128())
}
