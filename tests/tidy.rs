//! The invariants of ARCHITECTURE.md that a reader of the tree can check.

#[path = "tidy/documents.rs"]
mod documents;

use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 6] = [
    "hotpatch-abi",
    "hotpatch-macros",
    "hotpatch-runtime",
    "hotpatch-module",
    "hotpatch-link",
    "cargo-hotpatch",
];
const LONGEST: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Programs that the tool writes for its users.
        if path.ends_with("demo/files") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in CRATES
        .iter()
        .map(|name| format!("{name}/src"))
        .chain(["src".into(), "examples".into()])
    {
        sources(&root().join(folder), &mut found);
    }
    found
}

#[test]
fn every_file_has_a_header_and_fits_on_a_few_screens() {
    for path in all_sources() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} has no header", path.display());
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", path.display());
    }
}

#[test]
fn no_file_is_named_after_nothing() {
    for path in all_sources() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "common", "helpers", "misc"].contains(&name.as_str()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_abi_depends_on_nothing() {
    let manifest = read("hotpatch-abi/Cargo.toml");
    let dependencies = manifest
        .split_once("[dependencies]")
        .unwrap()
        .1
        .split_once('[')
        .unwrap()
        .0;
    assert_eq!(dependencies.trim(), "");
    assert!(read("hotpatch-abi/src/lib.rs").contains("#![no_std]"));
}

#[test]
fn crates_that_need_no_unsafe_code_forbid_it() {
    for file in [
        "hotpatch-macros/src/lib.rs",
        "hotpatch-link/src/lib.rs",
        "cargo-hotpatch/src/main.rs",
    ] {
        assert!(read(file).contains("#![forbid(unsafe_code)]"), "{file}");
    }
}

#[test]
fn the_documents_name_every_code_and_every_event() {
    let codes = read("docs/codes.md");
    let source = read("hotpatch-abi/src/code.rs");
    for code in source
        .split("= \"")
        .skip(1)
        .filter_map(|rest| rest.get(..6))
        .filter(|code| code.starts_with("HP"))
    {
        assert!(codes.contains(code), "docs/codes.md does not name {code}");
    }
    let events = read("docs/events.md");
    let source = read("cargo-hotpatch/src/events.rs");
    for name in [
        "session-started",
        "process-attached",
        "change-detected",
        "build-failed",
        "applied",
        "nothing-to-do",
        "refused",
        "restart-needed",
        "process-exited",
        "rolled-back",
        "patched-by-others",
        "tests-started",
        "tests-finished",
        "tests-idle",
    ] {
        assert!(
            events.contains(&format!("`{name}`")),
            "docs/events.md does not name {name}"
        );
    }
    assert!(
        source.contains("kebab-case"),
        "the names of events come from the names of their variants"
    );
}

#[test]
fn the_two_commands_of_the_readme_are_what_is_checked() {
    assert!(read("README.md").contains("$ cargo test --workspace "));
    assert!(read(".ci/run").contains("step cargo test --workspace\n"));
    assert!(read(".cargo/config.toml").contains("hotpatch = "));
}
