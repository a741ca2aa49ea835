//! The documents: links lead somewhere, the guide has all its chapters, and what the comparison claims has its tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{read, root};

/// A link of a document: what it leads to, and the line that it is in.
struct Link {
    target: String,
    line: usize,
}

fn documents() -> Vec<PathBuf> {
    let mut found = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        .map(|name| root().join(name))
        .to_vec();
    pages(&root().join("docs"), &mut found);
    found
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The lines outside of code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```") && !line.trim_start()[3..].contains('`');
        in_code ^= is_fence;
        (!in_code && !is_fence).then_some((index + 1, line))
    })
}

/// A line without its `code`, in which brackets mean nothing.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// `[text](target)` and `[name]: target`.
fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    for (line, content) in prose(text) {
        let content = without_code(content);
        let inline = content
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'));
        let definition = content
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("]: "))
            .map(|(_, target)| target);
        let targets = inline.map(|(target, _)| target).chain(definition);
        found.extend(targets.map(|target| Link {
            target: target.trim().to_owned(),
            line,
        }));
    }
    found
}

/// The names by which headings are linked to, as GitHub, mdBook and rustdoc make them of plain words.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter_map(|(_, line)| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// What is wrong with a link of the document at `path`.
fn mistake(path: &Path, target: &str) -> Option<String> {
    if target.contains("://") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = match file {
        "" => path.to_owned(),
        file => path.parent().unwrap().join(file),
    };
    if !file.exists() {
        return Some(format!("there is no `{target}`"));
    }
    let is_missing = !anchor.is_empty() && !anchors(&fs::read_to_string(&file).unwrap()).contains(anchor);
    is_missing.then(|| format!("`{target}`: no heading has that name"))
}

#[test]
fn links_lead_somewhere() {
    let mut mistakes = Vec::new();
    let mut count = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for Link { target, line } in links(&text) {
            count += 1;
            let mistake = mistake(&path, &target);
            mistakes.extend(mistake.map(|mistake| format!("{}:{line}: {mistake}", path.display())));
        }
        mistakes
            .extend(undefined(&text).map(|name| format!("{}: `[{name}]` is not defined", path.display())));
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert!(count > 50, "links are not found any more: {count}");
}

/// The names in `[text][name]` that the document does not define.
fn undefined(text: &str) -> impl Iterator<Item = String> {
    let lines = || prose(text).map(|(_, line)| without_code(line));
    let defined: BTreeSet<String> = lines()
        .filter_map(|line| Some(line.strip_prefix('[')?.split_once("]: ")?.0.to_owned()))
        .collect();
    let used: BTreeSet<String> = lines()
        .flat_map(|line| {
            let names = line.split("][").skip(1).filter_map(|rest| rest.split_once(']'));
            names.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        })
        .collect();
    used.into_iter().filter(move |name| !defined.contains(name))
}

#[test]
fn a_link_to_nothing_is_found() {
    let path = root().join("docs/codes.md");
    let check = |text: &str, expected: &[&str]| {
        let mistakes = links(text)
            .into_iter()
            .filter_map(|link| mistake(&path, &link.target));
        let undefined = undefined(text).map(|name| format!("undefined {name}"));
        assert_eq!(mistakes.chain(undefined).collect::<Vec<_>>(), expected, "{text}");
    };
    check(
        "[a](events.md), [b](../README.md#how-fast), [c](https://x.y/z)",
        &[],
    );
    check("[a](nothing.md)", &["there is no `nothing.md`"]);
    check(
        "[a](events.md#no-such)",
        &["`events.md#no-such`: no heading has that name"],
    );
    check("[a][b]\n\n[b]: nothing.md", &["there is no `nothing.md`"]);
    check("[a][b]", &["undefined b"]);
    check("`[a](nothing.md)`\n```text\n[a](nothing.md)\n```", &[]);
}

#[test]
fn the_guide_has_all_its_chapters() {
    let folder = root().join("docs/guide/src");
    let summary = read("docs/guide/src/SUMMARY.md");
    let named: BTreeSet<_> = links(&summary).into_iter().map(|link| link.target).collect();
    let files = fs::read_dir(&folder).unwrap();
    let mut files: BTreeSet<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(files.remove("SUMMARY.md"));
    assert_eq!(named, files, "SUMMARY.md and the files beside it");
    let module = read("src/guide.rs");
    for file in files {
        let is_shown = module.contains(&format!("\"../docs/guide/src/{file}\""));
        assert!(is_shown, "src/guide.rs does not show {file}");
    }
}

/// The tests that a row of the comparison names: `[file](path.rs)` and after it the names of functions in it.
fn tests_named(row: &str) -> Vec<(String, String)> {
    let mut named = Vec::new();
    for part in row.split("](").skip(1) {
        let Some((target, rest)) = part.split_once(')') else {
            continue;
        };
        if target.ends_with(".rs") {
            let names = rest.split('`').skip(1).step_by(2);
            named.extend(names.map(|name| (target.to_owned(), name.to_owned())));
        }
    }
    named
}

#[test]
fn the_comparison_claims_what_tests_show() {
    let text = read("docs/comparison.md");
    let (_, section) = text.split_once("\n## What hotpatch does\n").unwrap();
    let rows: Vec<_> = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .collect();
    assert!(rows.len() > 20, "the table of claims is not found any more");
    for row in &rows {
        assert!(!tests_named(row).is_empty(), "no test shows this: {row}");
    }
    for (target, name) in text.lines().flat_map(tests_named) {
        let source = fs::read_to_string(root().join("docs").join(&target))
            .unwrap_or_else(|error| panic!("{target}: {error}"));
        assert!(has_test(&source, &name), "{target} has no test `{name}`");
    }
}

fn has_test(source: &str, name: &str) -> bool {
    let declared = source.split("#[test]").skip(1);
    declared
        .filter_map(|after| after.split_once("fn "))
        .any(|(_, after)| after.starts_with(&format!("{name}(")))
}

/// The tests that a text names: `file.rs`, a colon, and names of functions in it.
fn tests_listed(text: &str) -> Vec<(String, String)> {
    let mut named = Vec::new();
    let mut file = None;
    let parts: Vec<&str> = text.split('`').collect();
    for pair in parts.chunks_exact(2) {
        let [between, code] = [pair[0].trim(), pair[1]];
        match file {
            _ if code.ends_with(".rs") => file = Some(code),
            Some(file) if between == ":" || between == "," => named.push((file.to_owned(), code.to_owned())),
            _ => file = None,
        }
    }
    named
}

#[test]
fn what_a_thread_can_see_is_shown_by_tests() {
    let text = read("docs/guide/src/safe-points.md");
    let (_, section) = text.split_once("\n## What a thread can see\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let listed = tests_listed(section);
    assert!(listed.len() > 12, "the tests are not found any more");
    for (file, name) in listed {
        let source = read(&format!("hotpatch-runtime/tests/{file}"));
        assert!(has_test(&source, &name), "{file} has no test `{name}`");
    }
}

#[test]
fn what_was_tried_with_hostile_input_has_its_tests() {
    let text = read("docs/hostile-input.md");
    let named = text.split('`').skip(1).step_by(2);
    let tests: BTreeSet<_> = named.filter_map(|name| name.split_once("::")).collect();
    assert!(tests.len() > 20, "the tables are not found any more");
    for (module, name) in tests {
        let folders = [
            "hotpatch-runtime/tests/hostile",
            "cargo-hotpatch/tests/e2e",
            "hotpatch-module/tests/host",
            "hotpatch-module/tests/sandbox",
        ];
        let is_there = folders
            .iter()
            .filter_map(|folder| {
                fs::read_to_string(root().join(folder).join(module).with_extension("rs")).ok()
            })
            .any(|source| source.contains(&format!("#[test]\nfn {name}(")));
        assert!(is_there, "there is no test `{module}::{name}`");
    }
}
