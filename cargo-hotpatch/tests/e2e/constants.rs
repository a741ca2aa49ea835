//! Constants and statics that lie in other modules, other crates, and on top of each other.

use crate::project::{Project, manifest};
use crate::session::Session;

const MAIN: &str = r#"
use hotpatch::hotpatch;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

mod data {
    pub static GREETING: &str = "hello";
    pub static TABLE: [u32; 3] = [1, 2, 3];
    pub static FUNCTIONS: [fn() -> u32; 2] = [one, two];
    fn one() -> u32 { 10 }
    fn two() -> u32 { 20 }
}

pub struct Node { next: Option<&'static Node>, value: u32 }
static FIRST: Node = Node { next: Some(&SECOND), value: 1 };
static SECOND: Node = Node { next: Some(&FIRST), value: 2 };

static TOTAL: AtomicU64 = AtomicU64::new(0);
static mut RAW: [u32; 2] = [200, 300];

#[unsafe(link_section = ".mine")]
static ONE: AtomicU64 = AtomicU64::new(1);
#[unsafe(link_section = ".mine")]
static TWO: AtomicU64 = AtomicU64::new(2);

struct Noisy(u32);
impl Drop for Noisy { fn drop(&mut self) { print!("<d{}>", self.0); } }
thread_local! { static NOISY: RefCell<Option<Noisy>> = const { RefCell::new(None) }; }

#[hotpatch]
fn constants(i: usize) -> String {
    format!("{} {} {} {} {}", data::GREETING, data::TABLE[i % 3], data::FUNCTIONS[i % 2](), parts::NAME, parts::LIST[i % 2])
}

#[hotpatch]
fn first() -> u32 { FIRST.value * 10 + FIRST.next.unwrap().value }

#[hotpatch]
fn second() -> u32 { SECOND.value * 10 + SECOND.next.unwrap().value }

#[hotpatch]
fn statics(list: &[u32]) -> String {
    TOTAL.fetch_add(1, Ordering::Relaxed);
    unsafe { RAW[0] += 1 };
    ONE.fetch_add(10, Ordering::Relaxed);
    let total = TOTAL.load(Ordering::Relaxed);
    format!("{total} {} {} {} {}", unsafe { RAW[0] }, list.len(), ONE.load(Ordering::Relaxed), TWO.load(Ordering::Relaxed))
}

#[hotpatch]
fn noise(n: u32) { NOISY.with_borrow_mut(|noisy| *noisy = Some(Noisy(n))) }

fn main() {
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        match line.as_str() {
            "constants" => println!("{}", hotpatch::call(|| constants(0))),
            "nodes" => println!("{} {}", hotpatch::call(first), hotpatch::call(second)),
            "statics" => println!("{}", hotpatch::call(|| statics(&[1]))),
            _ => println!("{}", std::thread::spawn(|| { hotpatch::call(|| noise(1)); hotpatch::call(|| noise(2)); "" }).join().unwrap()),
        }
    }
}
"#;

const LIBRARY: &str = "pub static NAME: &str = \"parts\";\npub const LIST: [u32; 2] = [7, 8];\n";

fn project(name: &str, is_optimised: bool) -> Project {
    let project = Project::empty(name);
    let members = "parts = { path = \"parts\" }\n\n[workspace]\nmembers = [\"parts\"]\n";
    project.write("Cargo.toml", &manifest(name, members));
    // Optimised code reaches statics in sections of their own by direct operands, which no patch can redirect.
    let section = "#[unsafe(link_section = \".mine\")]";
    project.write(
        "src/main.rs",
        &MAIN.replace(section, if is_optimised { "" } else { section }),
    );
    project.write(
        "parts/Cargo.toml",
        "[package]\nname = \"parts\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    project.write("parts/src/lib.rs", LIBRARY);
    project
}

fn constants(name: &str, arguments: &[&str]) {
    let project = project(name, !arguments.is_empty());
    let mut session = Session::start(&project, arguments);
    assert_eq!(session.ask("constants"), "hello 1 10 parts 7");
    assert_eq!(session.ask("nodes"), "12 21");
    assert_eq!(session.ask("statics"), "1 201 1 11 2");
    assert_eq!(session.ask("noise"), "<d1><d2>");
    let path = |function: &str| format!("{name}::{function}");

    for (file, from, to, answer) in [
        ("src/main.rs", "\"hello\"", "\"HELLO\"", "HELLO 1 10 parts 7"),
        ("src/main.rs", "[1, 2, 3]", "[4, 2, 3]", "HELLO 4 10 parts 7"),
        ("src/main.rs", "{ 10 }", "{ 11 }", "HELLO 4 11 parts 7"),
        ("parts/src/lib.rs", "\"parts\"", "\"PARTS\"", "HELLO 4 11 PARTS 7"),
        ("parts/src/lib.rs", "[7, 8]", "[9, 8]", "HELLO 4 11 PARTS 9"),
    ] {
        project.edit(file, from, to);
        assert!(session.applied().contains(&path("constants")), "{to}");
        assert_eq!(session.ask("constants"), answer);
    }

    // Constants that point to each other: both functions reach the one that changed.
    project.edit("src/main.rs", "value: 1 }", "value: 3 }");
    let applied = session.applied();
    assert!(
        applied.contains(&path("first")) && applied.contains(&path("second")),
        "{applied:?}"
    );
    assert_eq!(session.ask("nodes"), "32 23");

    // What new code does with a static must not decide what the static is.
    project.edit("src/main.rs", "    TOTAL.fetch_add(1, Ordering::Relaxed);\n", "");
    assert!(session.applied().contains(&path("statics")));
    assert_eq!(session.ask("statics"), "1 202 1 21 2");
    project.edit("src/main.rs", "RAW[0] += 1", "RAW[list.len() % 2] += 1");
    assert!(session.applied().contains(&path("statics")));
    assert_eq!(session.ask("statics"), "1 202 1 31 2");

    // The destructor of a thread-local.
    project.edit("src/main.rs", "\"<d{}>\"", "\"<D{}>\"");
    session.applied();
    assert_eq!(session.ask("noise"), "<D1><D2>");

    begins_otherwise(name, &project, &mut session);

    // A static whose type changed is another one under the same path.
    project.edit(
        "src/main.rs",
        "static TOTAL: AtomicU64 = AtomicU64::new(0);",
        "static TOTAL: AtomicI64 = AtomicI64::new(0);\nuse std::sync::atomic::AtomicI64;",
    );
    let refused = session.outcome();
    assert_eq!(
        (refused["event"].as_str(), refused["code"].as_str()),
        (Some("refused"), Some("HP0301")),
        "{refused}"
    );
    let types = "`core::sync::atomic::AtomicU64` -> `core::sync::atomic::AtomicI64`";
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains(&path("TOTAL")) && message.contains(types),
        "{message}"
    );
    assert_eq!(session.ask("statics"), "1 202 1 61 2");
    assert!(session.finish().success());
}

/// What variables begin with counts from the next start on. That is told once for each change.
fn begins_otherwise(name: &str, project: &Project, session: &mut Session) {
    let kept = |variable: &str, kept: &str| format!("`{name}::{variable}` keeps the {kept} it has");
    let total = kept("TOTAL", "value that");
    for (from, to, event, note) in [
        (
            "TOTAL: AtomicU64 = AtomicU64::new(0)",
            "TOTAL: AtomicU64 = AtomicU64::new(7)",
            "applied",
            Some(&total),
        ),
        ("AtomicU64::new(7)", "AtomicU64::new(8)", "applied", Some(&total)),
        ("Some(Noisy(n))", "Some(Noisy(n + 1))", "applied", None),
        // Again as the process has it.
        ("AtomicU64::new(8)", "AtomicU64::new(0)", "nothing-to-do", None),
    ] {
        project.edit("src/main.rs", from, to);
        let outcome = session.outcome();
        assert_eq!(outcome["event"], event, "{to}: {outcome}");
        let notes = outcome["notes"].as_array().unwrap();
        assert_eq!(notes.len(), usize::from(note.is_some()), "{to}: {outcome}");
        if let Some(note) = note {
            assert!(notes[0].as_str().unwrap().starts_with(note), "{to}: {outcome}");
            session.message(&format!("= note: {note}"));
        }
    }
    assert_eq!(session.ask("statics"), "1 202 1 41 2");

    // Another name is another static.
    project.edit("src/main.rs", "RAW", "ROW");
    let outcome = session.outcome();
    assert_eq!(
        outcome["notes"],
        serde_json::json!([format!(
            "`{name}::RAW` is gone and `{name}::ROW` is new: `{name}::ROW` begins with its initial value, the value of \
             `{name}::RAW` is not carried over"
        )])
    );
    assert!(session.ask("statics").starts_with("1 200 1 51 "));
    project.edit("src/main.rs", "ROW", "RAW");
    assert_eq!(session.outcome()["notes"], serde_json::json!([]));

    // The destructor of a thread-local that a patch added, at the end of a thread.
    project.edit(
        "src/main.rs",
        "NOISY.with_borrow_mut(",
        "MORE.with_borrow_mut(|more| more.push(Noisy(n + 10))); NOISY.with_borrow_mut(",
    );
    project.edit(
        "src/main.rs",
        "static NOISY:",
        "static MORE: RefCell<Vec<Noisy>> = RefCell::new(Vec::new()); static NOISY:",
    );
    while session.outcome()["event"] != "applied" {}
    let answer = session.ask("noise");
    assert!(
        answer.contains("<D3>") && answer.contains("<D11><D12>"),
        "{answer}"
    );
}

#[test]
fn constants_and_statics_in_a_debug_build() {
    constants("constants_debug", &[]);
}

#[test]
fn constants_and_statics_in_a_release_build() {
    constants("constants_release", &["--release"]);
}

/// Modules large enough to be compiled apart, so that release builds give what they share other names in every build.
#[test]
fn statics_of_modules_that_are_compiled_apart_keep_their_state() {
    let lines = |n: u32| {
        (0..150)
            .map(|i| format!("    sum = std::hint::black_box(sum * {} + {i});\n", n + i))
            .collect::<String>()
    };
    let module = |n: u32| {
        format!(
            "mod m{n} {{\nuse std::sync::atomic::{{AtomicU64, Ordering}};\npub static TOTAL: AtomicU64 = \
             AtomicU64::new(0);\n#[hotpatch::hotpatch]\npub fn step() -> String {{\n    let mut sum = 1_u64;\n    let sum = \
             &mut sum; let mut sum = *sum % 1000;\n{}    TOTAL.fetch_add(1 + sum * 0, Ordering::Relaxed);\n    format!(\"m{n} \
             {{}}\", TOTAL.load(Ordering::Relaxed))\n}}\n}}\n",
            lines(n).replace("sum * ", "sum % 1000 * "),
        )
    };
    let main = format!(
        "{}{}{}#[hotpatch::hotpatch]\nfn top() -> String {{ format!(\"top {{}} {{}} {{}}\", m1::TOTAL.load(std::sync::atomic::Ordering::Relaxed), \
         m2::step(), m3::step()) }}\nfn main() {{ for line in std::io::stdin().lines() {{ println!(\"{{}} {{}} {{}}\", \
         line.unwrap(), hotpatch::call(m1::step), hotpatch::call(top)); }} }}\n",
        module(1),
        module(2),
        module(3)
    );
    let project = Project::new("constants_apart", &main);
    let mut session = Session::start(&project, &["--release"]);
    assert_eq!(session.ask("a"), "a m1 1 top 1 m2 1 m3 1");
    project.edit("src/main.rs", "\"top {}", "\"TOP {}");
    assert!(session.applied().contains(&"constants_apart::top".to_owned()));
    assert_eq!(session.ask("b"), "b m1 2 TOP 2 m2 2 m3 2");
    for n in 1..=3 {
        project.edit(
            "src/main.rs",
            &format!("\"m{n} {{}}\""),
            &format!("\"M{n} {{}}\""),
        );
        assert!(
            session
                .applied()
                .contains(&format!("constants_apart::m{n}::step"))
        );
    }
    assert_eq!(session.ask("c"), "c M1 3 TOP 3 M2 3 M3 3");
    assert!(session.finish().success());
}
