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
        serde_json::json!([format!("{name}::main")]),
        "{applied}"
    );
    session.message(&format!("not live: {name}::main (no hot function reaches it)"));
    assert_eq!(session.ask("h"), "h Count 107 hp 65");
    assert!(session.finish().success());
}

#[test]
fn a_trait_object_that_only_main_uses_is_named_with_a_hint() {
    let main = r#"
        trait Noise { fn noise(&self) -> String; }
        #[derive(Clone)]
        struct Cat(Vec<u32>);
        impl Noise for Cat { fn noise(&self) -> String { format!("meow {}", self.0.len()) } }
        #[hotpatch::hotpatch]
        fn step() -> u32 { 1 }
        fn main() {
            let cat: Box<dyn Noise> = Box::new(Cat(vec![1, 2]).clone());
            for line in std::io::stdin().lines() {
                println!("{} {} {}", line.unwrap(), hotpatch::call(step), cat.noise());
            }
        }
    "#;
    let project = Project::new("edits_dyn", main);
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("a"), "a 1 meow 2");
    project.edit("src/main.rs", "meow {}", "purr {}");
    let refused = session.outcome();
    assert_eq!(refused["code"], "HP0401", "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("code: <edits_dyn::Cat as edits_dyn::Noise>::noise;"),
        "{message}"
    );
    assert!(message.contains("behind a trait object"), "{message}");
    assert_eq!(session.ask("b"), "b 1 meow 2");
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
