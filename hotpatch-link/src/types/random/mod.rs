//! Random pairs of definitions: what the checker says about an edit of one into the other must be what the compiler says
//! when both are compiled and asked for sizes, alignments, offsets, types and the bytes of values.
//!
//! `PROPTEST_CASES` and `PROPTEST_RNG_SEED` ask for more cases, and for others. A case is a batch of programs: each
//! compilation takes about a second.

mod edit;
mod model;
mod source;

use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use self::edit::Edit;
use self::model::Definitions;
use super::{KnownTypes, TypeTable};
use crate::names::Names;
use crate::object_file::ObjectFile;

/// Pairs in a compilation.
const BATCH: usize = 96;

#[test]
fn the_verdict_on_random_edits_is_that_of_the_compiler() {
    let defaults = Config::default();
    let is_set = |variable| std::env::var_os(variable).is_some();
    let mut runner = TestRunner::new(Config {
        cases: if is_set("PROPTEST_CASES") {
            defaults.cases
        } else {
            2
        },
        rng_seed: if is_set("PROPTEST_RNG_SEED") {
            defaults.rng_seed
        } else {
            RngSeed::Fixed(3)
        },
        failure_persistence: None,
        ..defaults
    });
    // Not through the runner: a failure names the pair, and making the batch smaller would compile it a hundred times.
    let pairs = prop::collection::vec((model::definitions(), edit::edit()), BATCH);
    for _ in 0..runner.config().cases {
        check(&pairs.new_tree(&mut runner).unwrap().current());
    }
}

fn check(pairs: &[(Definitions, Edit)]) {
    let olds: Vec<_> = pairs.iter().map(|(old, _)| old).collect();
    let news: Vec<_> = pairs.iter().map(|(old, edit)| edit.apply(old)).collect();
    let mut names = Names::default();
    let old = compile(&source::source(&olds), &mut names);
    let new = compile(&source::source(&news.iter().collect::<Vec<_>>()), &mut names);
    let mut known = KnownTypes::default();
    known.learn(&old.tables);
    for (linkage, of) in old.tables.iter().flat_map(|table| &table.statics) {
        known.add_static(*linkage, *of);
    }
    let changed = known.changes(&new.tables, &names);
    for (index, ((before, edit), after)) in pairs.iter().zip(&news).enumerate() {
        let prefix = format!("random::p{index}::");
        let mut verdict = changed.iter().filter(|name| {
            name.split(|c: char| !(c.is_alphanumeric() || c == ':'))
                .any(|path| path.starts_with(&prefix))
        });
        let found: Vec<_> = verdict.by_ref().collect();
        // Another argument makes another type: then it is the static that holds something else.
        let held = |compiled: &Compiled| compiled.held(index, &names);
        let is_other = held(&old) != held(&new);
        let (is_changed, truth) = (
            !found.is_empty() || is_other,
            old.layouts[index] != new.layouts[index],
        );
        let has_unknown = old.layouts[index].contains(source::UNKNOWN);
        if is_changed && edit.is_open(before, has_unknown) {
            continue;
        }
        assert_eq!(
            is_changed,
            truth,
            "the checker says {:?} for {:?}\n{}\nbecame\n{}\nlaid out\n{}\nand\n{}",
            found,
            edit,
            source::module(before),
            source::module(after),
            old.layouts[index],
            new.layouts[index]
        );
    }
}

struct Compiled {
    tables: Vec<TypeTable>,
    /// What each program prints.
    layouts: Vec<String>,
}

impl Compiled {
    /// The type of the static of a program.
    fn held(&self, index: usize, names: &Names) -> String {
        let path = format!("random::p{index}::STATE");
        let mut statics = self.tables.iter().flat_map(|table| &table.statics);
        let (_, of) = statics.find(|(name, _)| names.path(**name) == path).unwrap();
        names.text(*of).to_owned()
    }
}

fn compile(source: &str, names: &mut Names) -> Compiled {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("random.rs"), source).unwrap();
    let rustc = Command::new("rustc")
        .current_dir(folder)
        // For the offsets of the fields of variants.
        .env("RUSTC_BOOTSTRAP", "1")
        .args([
            "random.rs",
            "--edition=2024",
            "-Cdebuginfo=2",
            "-Csave-temps",
            "-Ccodegen-units=2",
        ])
        .output()
        .unwrap();
    assert!(
        rustc.status.success(),
        "{}",
        String::from_utf8_lossy(&rustc.stderr)
    );
    let printed = Command::new(folder.join("random")).output().unwrap();
    assert!(printed.status.success());
    let printed = String::from_utf8(printed.stdout).unwrap();
    Compiled {
        tables: objects(folder).iter().map(|path| table(path, names)).collect(),
        layouts: printed.split("== ").skip(1).map(str::to_owned).collect(),
    }
}

fn objects(folder: &Path) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.to_string_lossy().ends_with(".rcgu.o"))
        .collect()
}

fn table(path: &Path, names: &mut Names) -> TypeTable {
    let object = ObjectFile::parse("object", fs::read(path).unwrap().into(), names).unwrap();
    TypeTable::read(&object, names).unwrap()
}
