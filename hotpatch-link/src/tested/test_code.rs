//! The tests of one binary from edit to edit.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet as HashSet;

use super::descriptors::{Described, Shapes};
use super::reverse::Reverse;
use super::seen::Seen;
use crate::names::Names;
use crate::object_file::Role;
use crate::program::{Atom, ObjectCache, Program};
use crate::written::author_path;
use crate::{Error, Unit};

/// Up to so many functions are followed one by one, to say which test is concerned by which of them.
const FOLLOWED: usize = 12;

/// What is known of the code of a test binary.
#[derive(Debug, Default)]
pub struct TestCode {
    names: Names,
    cache: ObjectCache,
    shapes: Shapes,
    seen: Seen,
    says: BTreeMap<String, u64>,
}

/// What an edit concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerned {
    /// The functions and statics that changed, as their author wrote them.
    pub changed: BTreeSet<String>,
    /// Tests that lead to code that changed, each with what it leads to; empty where the test itself is declared in
    /// another way.
    pub tests: BTreeMap<String, BTreeSet<String>>,
    /// What changed may run in every test: in a constructor, or called by its name from other languages.
    pub everything: bool,
    /// `main` leads to what changed.
    pub main: bool,
    /// Tests lead to what changed only through hot functions, so a patch can bring all of it.
    pub is_hot: bool,
    /// The tests that the objects describe, if they can be told.
    pub described: Option<BTreeSet<String>>,
}

impl TestCode {
    /// Takes up the objects of a test binary as it was built, whose harness lists `tests`.
    ///
    /// # Errors
    ///
    /// An object cannot be read.
    pub fn open(units: &[Unit], tests: &BTreeSet<String>) -> Result<Self, Error> {
        let mut code = Self::default();
        let program = code.cache.read(units, &mut code.names)?;
        code.shapes.learn(&program, tests);
        code.remember(&program);
        Ok(code)
    }

    /// Learns from the list of a harness that was built since.
    ///
    /// # Errors
    ///
    /// An object cannot be read.
    pub fn relist(&mut self, units: &[Unit], tests: &BTreeSet<String>) -> Result<(), Error> {
        let program = self.cache.read(units, &mut self.names)?;
        self.shapes.learn(&program, tests);
        let described = self.shapes.find(&program, &self.names);
        self.says = says(&described);
        Ok(())
    }

    /// What the current objects change for the tests, against the last look.
    ///
    /// # Errors
    ///
    /// An object cannot be read.
    pub fn look(&mut self, units: &[Unit]) -> Result<Concerned, Error> {
        let program = self.cache.read(units, &mut self.names)?;
        let changed = self.seen.changed(&program, &self.names);
        let described = self.shapes.find(&program, &self.names);
        let mut concerned = Concerned {
            described: self.shapes.any().then(|| described.keys().cloned().collect()),
            ..Concerned::default()
        };
        let reverse = Reverse::of(&program, &self.names);
        let harness = reverse.holders(described.values().flat_map(|described| &described.atoms));
        let changed: HashSet<Atom> = changed.difference(&harness).copied().collect();
        concerned.is_hot = is_hot(&program, &reverse, &changed, &described);
        let own: Vec<String> = units
            .iter()
            .map(|unit| format!("{}::", unit.crate_name()))
            .collect();
        self.follow(&program, &reverse, &changed, &described, &mut concerned);
        for because in concerned.tests.values_mut().chain([&mut concerned.changed]) {
            prefer(because, |path| own.iter().any(|own| path.contains(own)));
        }
        for (test, described) in &described {
            if self
                .says
                .get(test)
                .is_some_and(|before| *before != described.says)
            {
                concerned.tests.entry(test.clone()).or_default();
            }
        }
        self.remember(&program);
        Ok(concerned)
    }

    fn follow(
        &self,
        program: &Program,
        reverse: &Reverse<'_>,
        changed: &HashSet<Atom>,
        described: &BTreeMap<String, Described>,
        concerned: &mut Concerned,
    ) {
        let mut by_path: BTreeMap<String, Vec<Atom>> = BTreeMap::new();
        for atom in changed {
            let path = program.title(*atom).map_or("", |title| self.names.path(title));
            by_path
                .entry(author_path(path).into_owned())
                .or_default()
                .push(*atom);
        }
        concerned.changed = by_path.keys().cloned().collect();
        let groups: Vec<(Vec<String>, Vec<Atom>)> = if by_path.len() <= FOLLOWED {
            let one = by_path.into_iter();
            one.map(|(path, atoms)| (vec![path], atoms)).collect()
        } else {
            vec![(by_path.into_keys().collect(), changed.iter().copied().collect())]
        };
        for (paths, atoms) in groups {
            let reached = reverse.upwards(atoms);
            concerned.everything |= reverse.any_for_all(&reached);
            concerned.main |= reverse.any_main(&reached);
            for (test, described) in described {
                if described.atoms.iter().any(|atom| reached.contains(atom)) {
                    let because = concerned.tests.entry(test.clone()).or_default();
                    because.extend(paths.iter().cloned());
                }
            }
        }
    }

    /// The tests that lead to a constant which holds one of these texts: the path of a program that they start.
    ///
    /// # Errors
    ///
    /// An object cannot be read.
    pub fn mentioning(&mut self, units: &[Unit], texts: &[String]) -> Result<BTreeSet<String>, Error> {
        let program = self.cache.read(units, &mut self.names)?;
        let holds = |atom: &Atom| {
            program.section(*atom).role == Role::Constant && {
                let data = program.object(*atom).file.data(atom.section);
                let mut texts = texts.iter();
                texts.any(|text| memchr::memmem::find(data, text.as_bytes()).is_some())
            }
        };
        let reached = Reverse::of(&program, &self.names).upwards(program.atoms().filter(holds));
        let described = self.shapes.find(&program, &self.names);
        let mentions = described
            .into_iter()
            .filter(|(_, described)| described.atoms.iter().any(|atom| reached.contains(atom)));
        Ok(mentions.map(|(test, _)| test).collect())
    }

    fn remember(&mut self, program: &Program) {
        self.seen = Seen::of(program, &self.names);
        self.says = says(&self.shapes.find(program, &self.names));
    }
}

/// Keeps those that are wanted, if there are any: instances of library code change with the code of the author.
fn prefer(paths: &mut BTreeSet<String>, is_wanted: impl Fn(&str) -> bool) {
    if paths.iter().any(|path| is_wanted(path)) {
        paths.retain(|path| is_wanted(path));
    }
}

/// Whether nothing but hot functions leads from a test to what changed.
fn is_hot(
    program: &Program,
    reverse: &Reverse<'_>,
    changed: &HashSet<Atom>,
    described: &BTreeMap<String, Described>,
) -> bool {
    let past = reverse.past_hot(changed.iter().copied());
    let mut tests = described.values().flat_map(|described| &described.atoms);
    !described.is_empty()
        && changed
            .iter()
            .all(|atom| program.section(*atom).role == Role::Code)
        && !tests.any(|test| past.contains(test))
        && !reverse.any_for_all(&past)
}

fn says(described: &BTreeMap<String, Described>) -> BTreeMap<String, u64> {
    let says = described.iter();
    says.map(|(test, described)| (test.clone(), described.says))
        .collect()
}
