//! Every kind of edit has its outcome, and the program's output shows it.

use crate::project::Project;
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

#[test]
fn each_kind_of_edit_in_a_debug_build() {
    each_kind_of_edit("edits_debug", &[]);
}

#[test]
fn each_kind_of_edit_in_a_release_build() {
    each_kind_of_edit("edits_release", &["--release"]);
}
