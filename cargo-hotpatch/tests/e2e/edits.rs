//! Every kind of edit has its outcome, and the program's output shows it.

use crate::project::{Project, manifest};
use crate::session::Session;

const MAIN: &str = r#"
use hotpatch::hotpatch;

struct Player { hp: i32 }

impl Player {
    #[hotpatch]
    fn hurt(&mut self, by: i32) -> i32 {
        self.hp -= by;
        self.hp
    }
}

#[hotpatch]
fn step(count: &mut u64) -> String {
    *count += 1;
    format!("count {count}")
}

fn main() {
    let (mut count, mut player) = (0, Player { hp: 100 });
    for line in std::io::stdin().lines() {
        let text = hotpatch::call(|| step(&mut count));
        println!("{} {text} hp {}", line.unwrap(), hotpatch::call(|| player.hurt(1)));
    }
    println!("end");
}
"#;

fn each_kind_of_edit(name: &str, arguments: &[&str]) {
    let project = Project::new(name, MAIN);
    let mut session = Session::start(&project, arguments);
    assert_eq!(session.ask("a"), "a count 1 hp 99");

    project.edit("src/main.rs", "\"count {count}\"", "\"COUNT {count}\"");
    assert_eq!(session.applied(), [format!("{name}::step")]);
    assert_eq!(session.ask("b"), "b COUNT 2 hp 98");

    project.edit("src/main.rs", "self.hp -= by;", "self.hp -= by * 10;");
    assert_eq!(session.applied(), [format!("{name}::Player::hurt")]);
    assert_eq!(session.ask("c"), "c COUNT 3 hp 88");

    // A comment, in its own line: every function below it moves.
    project.edit(
        "src/main.rs",
        "#[hotpatch]\nfn step",
        "// Steps.\n#[hotpatch]\nfn step",
    );
    assert_eq!(session.outcome()["event"], "nothing-to-do");

    // A mistake, and its correction.
    project.edit("src/main.rs", "*count += 1;", "*count += one;");
    assert_eq!(session.outcome()["event"], "build-failed");
    session.message("cannot find value `one`");
    assert_eq!(session.ask("d"), "d COUNT 4 hp 78");
    project.edit("src/main.rs", "*count += one;", "*count += 100;");
    assert_eq!(session.applied(), [format!("{name}::step")]);
    assert_eq!(session.ask("e"), "e COUNT 104 hp 68");

    // Two functions at once.
    project.write("src/main.rs", MAIN);
    assert_eq!(
        session.applied(),
        [format!("{name}::Player::hurt"), format!("{name}::step")]
    );
    assert_eq!(session.ask("f"), "f count 105 hp 67");

    // Written first, called later.
    project.edit(
        "src/main.rs",
        "struct Player",
        "fn unused(x: u32) -> u32 { x + 1 }\n\nstruct Player",
    );
    assert_eq!(session.outcome()["event"], "nothing-to-do");

    // Only `main` sees this one.
    project.edit("src/main.rs", "\"end\"", "\"END\"");
    let refused = session.outcome();
    assert_eq!(
        (refused["event"].as_str(), refused["code"].as_str()),
        (Some("refused"), Some("HP0401"))
    );
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains(&format!("{name}::main")),
        "{refused}"
    );
    assert!(
        !refused["message"].as_str().unwrap().contains("core::"),
        "{refused}"
    );
    assert_eq!(session.ask("g"), "g count 106 hp 66");

    // A hot function and `main` in one save.
    let both = MAIN.replace("\"count", "\"Count").replace("\"end\"", "\"END!\"");
    project.write("src/main.rs", &both);
    let applied = session.outcome();
    assert_eq!(
        applied["functions"],
        serde_json::json!([format!("{name}::step")]),
        "{applied}"
    );
    assert_eq!(
        applied["unreached"],
        serde_json::json!([{
            "function": format!("{name}::main"),
            "reason": "it was called when the program started, and is not called again",
        }]),
        "{applied}"
    );
    session.message(&format!("`{name}::main` is not live: it was called"));
    assert_eq!(session.ask("h"), "h Count 107 hp 65");
    assert!(session.finish().success());
}

const STARTS: &str = r#"
use hotpatch::hotpatch;

struct Plugin(&'static str);
inventory::collect!(Plugin);
inventory::submit! { Plugin("one") }

#[used]
#[unsafe(link_section = ".init_array")]
static FIRST: extern "C" fn() = first;
extern "C" fn first() { println!("first"); }

#[used]
#[unsafe(link_section = "linkme_LIST")]
static ELEMENT: u64 = 1;

#[hotpatch]
fn step() -> String {
    let names: Vec<_> = inventory::iter::<Plugin>().map(|plugin| plugin.0).collect();
    format!("{names:?}")
}

fn main() {
    for line in std::io::stdin().lines() {
        println!("{} {}", line.unwrap(), hotpatch::call(step));
    }
}
"#;

/// Constructors, `inventory` and `linkme`: a process has started already.
fn what_happens_at_the_start(name: &str, arguments: &[&str]) {
    let project = Project::empty(name);
    project.write("Cargo.toml", &manifest(name, "inventory = \"0.3\"\n"));
    project.write("src/main.rs", STARTS);
    let mut session = Session::start(&project, arguments);
    assert_eq!(session.line(), "first");
    assert_eq!(session.ask("a"), "a [\"one\"]");
    let submit = "inventory::submit! { Plugin(\"one\") }";
    let second = format!("{submit}\ninventory::submit! {{ Plugin(\"two\") }}");
    let element = "#[used]\n#[unsafe(link_section = \"linkme_LIST\")]\nstatic ELEMENT: u64 = 1;";
    let again = element.replace("ELEMENT", "SECOND");
    let cases = [
        (
            STARTS.replace(
                "{ println!(\"first\"); }",
                "{ println!(\"FIRST\"); println!(\"of all\"); }",
            ),
            format!("constructor `{name}::first` changed: it ran when the program started"),
        ),
        (
            STARTS.replace(submit, &second),
            format!("`{name}` submits another `{name}::Plugin` to `inventory`"),
        ),
        (
            STARTS.replace(element, &format!("{element}\n{again}")),
            format!("`{name}::SECOND` is a new element of the distributed slice `LIST`"),
        ),
        (
            STARTS.replace(submit, ""),
            format!("a `{name}::Plugin` that `{name}` submitted to `inventory` is gone"),
        ),
    ];
    for (edited, note) in &cases {
        // Alone, and together with new code and a new hot function.
        let is_removal = note.ends_with("gone");
        let edit = |text: &str| {
            text.replace("\"{names:?}\")", "\"{names:?}{}\", extra())")
                .replace(
                    "#[hotpatch]\nfn step",
                    "#[hotpatch]\nfn extra() -> u32 { 7 }\n\n#[hotpatch]\nfn step",
                )
        };
        project.write("src/main.rs", edited);
        let alone = session.outcome();
        // Optimised functions may change a little with their neighbours: then they are published.
        let is_lone = arguments.is_empty() || alone["event"] != "applied";
        match is_removal {
            true => assert_ne!(alone["event"], "refused", "{alone}"),
            false => assert!(!is_lone || alone["code"] == "HP0303", "{alone}"),
        }
        assert!(alone.to_string().contains(note), "{note}: {alone}");
        project.write("src/main.rs", STARTS);
        let back = session.outcome();
        assert!(!is_lone || back["event"] == "nothing-to-do", "{note}: {back}");

        project.write("src/main.rs", &edit(edited));
        let together = session.outcome();
        assert_eq!(together["event"], "applied", "{together}");
        let notes = together["notes"].as_array().unwrap();
        assert!(
            notes.len() == 1 && notes[0].as_str().unwrap().starts_with(note),
            "{together}"
        );
        assert_eq!(session.ask("b"), "b [\"one\"]7");
        project.write("src/main.rs", STARTS);
        assert_eq!(session.outcome()["notes"], serde_json::json!([]), "{note}");
    }
    assert!(session.finish().success());
}

#[test]
fn what_happens_at_the_start_in_a_debug_build() {
    what_happens_at_the_start("starts_debug", &[]);
}

#[test]
fn what_happens_at_the_start_in_a_release_build() {
    what_happens_at_the_start("starts_release", &["--release"]);
}

#[test]
fn each_kind_of_edit_in_a_debug_build() {
    each_kind_of_edit("edits_debug", &[]);
}

#[test]
fn each_kind_of_edit_in_a_release_build() {
    each_kind_of_edit("edits_release", &["--release"]);
}
