//! `cargo hotpatch test`: which tests run after which edit, how their binaries come to have it, and what is said.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;

use serde_json::Value;

use crate::project::{Project, manifest, shared_target, text};
use crate::session::Session;

const LIB: &str = r#"
use std::sync::atomic::{AtomicU32, Ordering};
use hotpatch::hotpatch;

static VISITS: AtomicU32 = AtomicU32::new(0);

#[hotpatch]
pub fn visit() -> u32 { VISITS.fetch_add(1, Ordering::Relaxed) + twice(0) + 1 }

#[hotpatch]
pub fn four() -> u32 { twice(2) }

fn twice(n: u32) -> u32 { n * 2 }

pub trait Shape { fn area(&self) -> u32; }
pub struct Square(pub u32);
impl Shape for Square { fn area(&self) -> u32 { self.0 * self.0 } }

pub fn plain() -> u32 { 7 }

#[cfg(test)]
mod tests {
    #[test]
    fn visits() { assert_eq!(super::visit(), 1); }
    #[test]
    fn fours() { assert_eq!(super::four(), 4); }
    #[test]
    fn plains() { assert_eq!(super::plain(), 7); }
    #[test]
    #[should_panic(expected = "seven")]
    fn panics() { panic!("it is seven"); }
    #[test]
    #[ignore]
    fn ignored() {}
}
"#;

const API: &str = r#"
use tested::Shape;

#[test]
fn areas() {
    let shapes: [Box<dyn Shape>; 1] = [Box::new(tested::Square(3))];
    assert_eq!(shapes.iter().map(|shape| shape.area()).sum::<u32>(), 9);
}

#[test]
fn fours() { assert_eq!(tested::four(), 4); }

#[test]
fn runs() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_PROGRAM")).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "main 7\n");
}
"#;

const MAIN: &str = r#"
fn main() { println!("{} {}", name(), tested::plain()); }
fn name() -> &'static str { "main" }
#[test]
fn named() { assert_eq!(name(), "main"); }
"#;

/// Without rustc's harness.
const WHOLE: &str = "fn main() { assert_eq!(tested::plain(), 7, \"as a whole\"); }\n";

/// Each with a program of its own name: all tests share a build folder.
fn project(program: &str) -> Project {
    let project = Project::empty("tested");
    let targets = format!(
        "\n[lib]\nname = \"tested\"\n\n[[bin]]\nname = \"{program}\"\npath = \"src/main.rs\"\n\n[[test]]\nname = \
         \"whole\"\nharness = false\n"
    );
    project.write("Cargo.toml", &manifest("tested", &targets));
    project.write("src/lib.rs", LIB);
    project.write("src/main.rs", MAIN);
    project.write("tests/api.rs", &API.replace("PROGRAM", program));
    project.write("tests/whole.rs", WHOLE);
    project
}

fn names(event: &Value, field: &str) -> String {
    let names = event[field].as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What ran until nothing is left to run: a line for each binary.
fn ran(session: &mut Session) -> Vec<String> {
    let mut lines = Vec::new();
    let mut how = String::new();
    loop {
        let event = session.event_among(&["tests-started", "tests-finished", "tests-idle", "build-failed"]);
        match event["event"].as_str().unwrap() {
            "tests-started" => how = event["how"].as_str().unwrap().to_owned(),
            "tests-finished" => {
                let results = [("ok", "passed"), ("FAILED", "failed"), ("ignored", "ignored")];
                let results = results
                    .iter()
                    .filter(|(_, field)| !names(&event, field).is_empty());
                let results: Vec<_> = results
                    .map(|(word, field)| format!("{word} {}", names(&event, field)))
                    .collect();
                let binary = event["binary"].as_str().unwrap();
                lines.push(format!("{binary} {how}: {}", results.join(", ")));
            }
            "build-failed" => return vec!["build-failed".to_owned()],
            _ => return lines,
        }
    }
}

#[test]
fn tests_whose_code_changed_run_again() {
    let project = project("tested-again");
    let mut session = Session::start_tests(&project, &[]);
    assert_eq!(
        ran(&mut session),
        [
            "unittests src/lib.rs built: ok tests::fours tests::panics tests::plains tests::visits, ignored tests::ignored",
            "unittests src/main.rs built: ok named",
            "tests/api.rs built: ok areas fours runs",
            "tests/whole.rs built: ",
        ]
    );
    session.message("documentation tests are not run");

    // Only hot functions lead to it, and every process begins with its statics as they were.
    project.edit("src/lib.rs", "twice(0) + 1", "1 + twice(0)");
    assert_eq!(
        ran(&mut session),
        ["unittests src/lib.rs patched: ok tests::visits"]
    );
    project.edit("src/lib.rs", "n * 2", "n + 2");
    assert_eq!(
        ran(&mut session),
        [
            "unittests src/lib.rs patched: ok tests::fours, FAILED tests::visits",
            "tests/api.rs patched: ok fours"
        ]
    );
    project.edit("src/lib.rs", "n + 2", "n * 2");
    assert_eq!(
        ran(&mut session),
        [
            "unittests src/lib.rs patched: ok tests::fours tests::visits",
            "tests/api.rs patched: ok fours"
        ]
    );
    project.edit("src/lib.rs", "1 + twice(0)", "twice(0) + 1");
    assert_eq!(ran(&mut session), ["unittests src/lib.rs kept: ok tests::visits"]);

    // Tests call it themselves, the program that one of them starts does, and so does what has no harness.
    project.edit("src/lib.rs", "{ 7 }", "{ 8 }");
    assert_eq!(
        ran(&mut session),
        [
            "unittests src/lib.rs relinked: FAILED tests::plains",
            "tests/api.rs relinked: FAILED runs",
            "tests/whole.rs relinked: FAILED tests/whole.rs",
        ]
    );
    project.edit("src/lib.rs", "{ 8 }", "{ 7 }");
    assert_eq!(
        ran(&mut session),
        [
            "unittests src/lib.rs relinked: ok tests::plains",
            "tests/api.rs relinked: ok runs",
            "tests/whole.rs relinked: ",
        ]
    );
    // Called through a trait object only.
    project.edit("src/lib.rs", "self.0 * self.0", "self.0 + self.0");
    assert!(ran(&mut session).contains(&"tests/api.rs relinked: FAILED areas".to_owned()));
    project.edit("src/lib.rs", "self.0 + self.0", "self.0 * self.0");
    ran(&mut session);

    project.edit("src/lib.rs", "pub trait", "// A comment.\npub trait");
    session.event("nothing-to-do");
    assert!(ran(&mut session).is_empty());
    project.edit("src/lib.rs", "twice(2)", "twice(two)");
    assert_eq!(ran(&mut session), ["build-failed"]);
    session.message("the tests wait for the next save");
    project.edit("src/lib.rs", "twice(two)", "twice(1 + 1)");
    ran(&mut session);

    // What is said about a test, and which tests there are.
    project.edit("src/lib.rs", "\"seven\"", "\"eight\"");
    assert_eq!(
        ran(&mut session),
        ["unittests src/lib.rs relinked: FAILED tests::panics"]
    );
    project.edit("src/lib.rs", "\"eight\"", "\"seven\"");
    ran(&mut session);
    project.edit("src/lib.rs", "#[ignore]\n    fn ignored() {}", "fn added() {}");
    assert_eq!(
        ran(&mut session),
        ["unittests src/lib.rs relinked: ok tests::added"]
    );
    project.edit("src/lib.rs", "fn added() {}", "#[ignore]\n    fn added() {}");
    assert!(ran(&mut session).is_empty());
    project.edit("src/lib.rs", "#[ignore]\n    fn added", "fn added");
    assert_eq!(
        ran(&mut session),
        ["unittests src/lib.rs relinked: ok tests::added"]
    );
    project.write("tests/more.rs", "#[test]\nfn more() {}\n");
    assert_eq!(ran(&mut session), ["tests/more.rs built: ok more"]);
    project.edit("src/lib.rs", "{ 7 }", "{ 8 }");
    assert!(ran(&mut session).contains(&"tests/api.rs relinked: FAILED runs".to_owned()));
    session.signal("TERM");
    assert_eq!(session.wait().signal(), Some(15));
    // What was linked for the tests is gone: cargo's own link lies there again, and in the folder of its artifacts.
    let program = shared_target().join("hotpatch/debug/tested-again");
    assert_eq!(program.metadata().unwrap().nlink(), 2);
}

#[test]
fn once_is_what_cargo_test_does() {
    let project = project("tested-once");
    let check = |arguments: &[&str], code: i32, said: &[&str], unsaid: &str| {
        let arguments: Vec<_> = ["test", "--once"].iter().chain(arguments).copied().collect();
        let output = project.output(&arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
        for said in said {
            assert!(out.contains(said) || err.contains(said), "{said}\n{out}\n{err}");
        }
        assert!(!err.contains(unsaid), "{err}");
    };
    check(
        &["--lib", "fours"],
        0,
        &["1 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out"],
        "tests/api.rs",
    );
    project.edit("src/lib.rs", "{ 7 }", "{ 8 }");
    let failed = "test failed, to rerun pass `-p tested --lib`";
    check(
        &[],
        101,
        &["test tests::plains ... FAILED", failed],
        "tests/api.rs",
    );
    check(
        &["--no-fail-fast", "--", "--include-ignored"],
        101,
        &["test tests::ignored ... ok", "tests/api.rs"],
        "HP0",
    );
}

#[test]
fn optimised_tests_are_patched_too() {
    let project = project("tested-fast");
    let mut session = Session::start_tests(&project, &["--release", "--lib", "--test", "api"]);
    ran(&mut session);
    project.edit(
        "src/lib.rs",
        "twice(2) }",
        "twice(2) + VISITS.load(Ordering::Relaxed) }",
    );
    assert_eq!(
        ran(&mut session),
        [
            "unittests src/lib.rs patched: ok tests::fours",
            "tests/api.rs patched: ok fours"
        ]
    );
    project.edit("src/lib.rs", "{ 7 }", "{ 8 }");
    let ran = ran(&mut session);
    assert_eq!(ran[0], "unittests src/lib.rs relinked: FAILED tests::plains");
    // In its own process, no test of the other one leads to it.
    assert!(ran[1].ends_with("FAILED runs"), "{ran:?}");
}
