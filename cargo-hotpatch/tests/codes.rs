//! Every code is produced by a test.
//!
//! A code counts as produced where a test names it outside of comments, where an edit of the corpus expects it, and where
//! its page has an example: the end-to-end tests run those.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hotpatch_abi::code;
use proc_macro2::{TokenStream, TokenTree};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn files(folder: &Path, kind: &str, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
    {
        if path.is_dir() {
            files(&path, kind, found);
        } else if path.extension().is_some_and(|extension| extension == kind) {
            found.push(path);
        }
    }
}

fn texts(folder: &str, kind: &str) -> Vec<String> {
    let mut found = Vec::new();
    files(&root().join(folder), kind, &mut found);
    found
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// The names and literals of a source file: what is left without comments and punctuation.
fn words(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => words(group.stream(), found),
            TokenTree::Ident(word) => found.push(word.to_string()),
            TokenTree::Literal(text) => found.push(text.to_string()),
            TokenTree::Punct(_) => {}
        }
    }
}

/// The names of the constants, with their codes.
fn constants() -> Vec<(String, String)> {
    let source = std::fs::read_to_string(root().join("hotpatch-abi/src/code.rs")).unwrap();
    let lines = source
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\";")?.split_once(" = \"HP"));
    lines
        .map(|(name, digits)| (name.to_owned(), format!("HP{digits}")))
        .collect()
}

fn named_in_tests(constants: &[(String, String)]) -> BTreeSet<String> {
    let folders = [
        "cargo-hotpatch/tests/e2e",
        "hotpatch-runtime/tests",
        "hotpatch-link/tests",
        "tests",
    ];
    let mut found = BTreeSet::new();
    for text in folders.iter().flat_map(|folder| texts(folder, "rs")) {
        let mut all = Vec::new();
        words(text.parse().unwrap(), &mut all);
        for (index, word) in all.iter().enumerate() {
            for (name, code) in constants {
                let is_constant = word == name && index > 0 && all[index - 1] == "code";
                if is_constant || (word.starts_with('"') && word.contains(code.as_str())) {
                    found.insert(code.clone());
                }
            }
        }
    }
    found
}

#[test]
fn every_code_is_produced_by_a_test() {
    let constants = constants();
    assert_eq!(constants.len(), code::ALL.len());
    let mut produced = named_in_tests(&constants);
    let corpus = texts("tests/corpus", "toml").join("\n");
    for (_, code) in &constants {
        let page = root().join(format!("cargo-hotpatch/src/explain/{code}.md"));
        let page = std::fs::read_to_string(page).unwrap_or_default();
        let is_run = page.contains("\n```rust\n") && page.contains("\n```diff\n");
        if is_run || corpus.contains(&format!("\"{code}\"")) {
            produced.insert(code.clone());
        }
    }
    let missing: Vec<_> = constants
        .iter()
        .map(|(_, code)| code)
        .filter(|code| !produced.contains(*code))
        .collect();
    assert!(
        missing.is_empty(),
        "no test produces {missing:?}: CONTRIBUTING.md says how to add a code"
    );
}
