//! The tests that a harness has, as the objects tell: `rustc --test` writes a constant for each, with its name, its
//! function and what is expected of it.
//!
//! The layout of these constants is rustc's own. They are recognised by the names that the built harness lists; where
//! the name lies in them is then known for tests that are added later.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet as HashSet;
use xxhash_rust::xxh3::Xxh3;

use crate::elf::x86_64;
use crate::fingerprint;
use crate::names::Names;
use crate::object_file::{Relocation, Role};
use crate::program::{Atom, Program};

/// A word below this may be a choice, such as whether a test should panic. Others are lengths, and the lines and
/// columns of the test, which move with every edit above it.
const CHOICES: u64 = 5;

/// How a descriptor is laid out, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Shape {
    size: u64,
    /// Where the name lies.
    name: u64,
}

/// The constants that describe a test, and what they say besides the place of the test.
#[derive(Debug, Default)]
pub(super) struct Described {
    pub(super) atoms: Vec<Atom>,
    pub(super) says: u64,
}

/// The layouts found so far.
#[derive(Debug, Default)]
pub(super) struct Shapes(HashSet<Shape>);

impl Shapes {
    /// Whether any is known.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Learns the layouts from tests whose names are known.
    pub(super) fn learn(&mut self, program: &Program, tests: &BTreeSet<String>) {
        let lengths: HashSet<u64> = tests.iter().map(|test| test.len() as u64).collect();
        for atom in candidates(program) {
            let section = program.section(atom);
            for relocation in addresses(program, atom) {
                if length_after(program, atom, relocation).is_some_and(|length| lengths.contains(&length))
                    && text(program, atom, relocation).is_some_and(|text| tests.contains(text))
                    && leads_to_code(program, atom)
                {
                    self.0.insert(Shape {
                        size: section.size,
                        name: relocation.offset,
                    });
                }
            }
        }
    }

    /// The tests of a program. Constants that only look alike are among them, under names of no test.
    pub(super) fn find(&self, program: &Program, names: &Names) -> BTreeMap<String, Described> {
        let mut found: BTreeMap<String, Described> = BTreeMap::new();
        for atom in candidates(program) {
            let size = program.section(atom).size;
            for relocation in addresses(program, atom) {
                let shape = Shape {
                    size,
                    name: relocation.offset,
                };
                if self.0.contains(&shape)
                    && let Some(name) = text(program, atom, relocation)
                    && leads_to_code(program, atom)
                {
                    let described = found.entry(name.to_owned()).or_default();
                    described.atoms.push(atom);
                    described.says = described.says.wrapping_add(says(program, names, atom));
                }
            }
        }
        found
    }
}

/// Constants that mention something.
fn candidates(program: &Program) -> impl Iterator<Item = Atom> {
    program.atoms().filter(|atom| {
        let section = program.section(*atom);
        section.role == Role::Constant && section.relocations.len() >= 2
    })
}

fn addresses(program: &Program, atom: Atom) -> impl Iterator<Item = &Relocation> {
    let relocations = program.section(atom).relocations.iter();
    relocations.filter(|relocation| x86_64::kind(relocation.r_type) == Some(x86_64::Kind::Address))
}

fn leads_to_code(program: &Program, atom: Atom) -> bool {
    addresses(program, atom).any(|relocation| {
        program
            .target(atom, relocation)
            .is_some_and(|(target, _)| program.section(target).role == Role::Code)
    })
}

fn word(program: &Program, atom: Atom, at: u64) -> Option<u64> {
    let data = program.object(atom).file.data(atom.section);
    let at = usize::try_from(at).ok()?;
    let bytes = data.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

fn length_after(program: &Program, atom: Atom, relocation: &Relocation) -> Option<u64> {
    word(program, atom, relocation.offset.checked_add(8)?)
}

/// The text of a `&str` inside a constant.
fn text<'a>(program: &'a Program, atom: Atom, relocation: &Relocation) -> Option<&'a str> {
    let length = usize::try_from(length_after(program, atom, relocation)?).ok()?;
    let (target, _) = program.target(atom, relocation)?;
    if program.section(target).role != Role::Constant {
        return None;
    }
    let symbol = &program.object(atom).file.symbols[relocation.symbol];
    let start = usize::try_from(symbol.value.checked_add_signed(relocation.addend)?).ok()?;
    let data = program.object(target).file.data(target.section);
    let bytes = data.get(start..start.checked_add(length)?)?;
    std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// What a descriptor says about its test, without the place of the test.
fn says(program: &Program, names: &Names, atom: Atom) -> u64 {
    let (object, section) = (program.object(atom), program.section(atom));
    let mut hash = Xxh3::new();
    for at in (0..section.size).step_by(8) {
        let mut relocations = section.relocations_in(&(at..at + 8)).iter().peekable();
        if relocations.peek().is_none() {
            let word = word(program, atom, at).unwrap_or_default();
            hash.update(&word.min(CHOICES).to_le_bytes());
        }
        for relocation in relocations {
            hash.update(&fingerprint::reference(object, names, relocation).to_le_bytes());
        }
    }
    hash.digest()
}
