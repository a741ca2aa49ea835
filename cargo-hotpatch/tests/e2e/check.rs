//! `cargo hotpatch check` and the messages for editors.

use std::path::Path;

use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};

use crate::project::{Project, text};
use crate::scripts::built;
use crate::session::Session;

const MAIN: &str = r#"
mod player;

use hotpatch::hotpatch;
use player::Player;

#[hotpatch]
fn step(player: &mut Player) -> String {
    player.hp -= 1;
    format!("hp {}", player.hp)
}

fn main() {
    let mut player = Player { hp: 10 };
    for line in std::io::stdin().lines() {
        println!("{} {}", line.unwrap(), hotpatch::call(|| step(&mut player)));
    }
}
"#;

fn project(name: &str) -> Project {
    let project = Project::new(name, MAIN);
    project.write(
        "src/player.rs",
        "/// A player.\npub struct Player {\n    pub hp: u16,\n}\n",
    );
    project
}

/// Runs `cargo hotpatch check`: whether the edit could be applied, and what was said.
fn check(project: &Project) -> (bool, String) {
    let output = project.output(&["check"]);
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    (output.status.success(), text(&output.stderr))
}

/// The messages of a command, each with the name of its target; and whether the command was successful.
fn messages(project: &Project, arguments: &[&str]) -> (Vec<(String, Diagnostic)>, bool) {
    let output = project.output(arguments);
    let mut found = Vec::new();
    let mut finished = None;
    for message in Message::parse_stream(&output.stdout[..]) {
        match message.unwrap() {
            Message::CompilerMessage(message) => {
                assert!(
                    message.package_id.repr.contains(&message.target.name),
                    "{}",
                    message.package_id
                );
                assert!(Path::new(&message.target.src_path).is_file());
                found.push((message.target.name, message.message));
            }
            Message::BuildFinished(end) => finished = Some(end.success),
            Message::TextLine(line) => panic!("`{line}` is no message"),
            _ => {}
        }
    }
    assert_eq!(finished, Some(output.status.success()));
    (found, output.status.success())
}

#[test]
fn a_check_says_what_would_happen_and_leaves_nothing_behind() {
    let project = project("check_alone");
    built(&project, &[]);
    let files = || {
        let entries = std::fs::read_dir(project.path("")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    let (success, said) = check(&project);
    assert!(success && said.contains("Unchanged"), "{said}");

    project.edit("src/main.rs", "\"hp {}\"", "\"HP {}\"");
    project.edit("src/main.rs", "for line", "print!(\"\"); for line");
    let (success, said) = check(&project);
    assert!(
        success && said.contains("Would patch 1 function: check_alone::step"),
        "{said}"
    );
    assert!(said.contains("`check_alone::main` is not live"), "{said}");
    let (found, success) = messages(&project, &["check", "--message-format", "json"]);
    assert!(success);
    let [(target, warning)] = &found[..] else {
        panic!("{found:#?}")
    };
    assert_eq!(
        (target.as_str(), warning.level),
        ("check_alone", DiagnosticLevel::Warning)
    );
    assert_eq!(
        (
            warning.spans[0].line_start,
            warning.spans[0].text[0].text.as_str()
        ),
        (13, "fn main() {")
    );

    project.edit("src/player.rs", "u16", "u32");
    let (success, said) = check(&project);
    assert!(!success && said.contains("error[HP0203]"), "{said}");
    assert!(
        said.contains(" --> src/player.rs:3:9\n") && said.contains("^^^^^^^ hp: u16 -> hp: u32"),
        "{said}"
    );
    let (found, success) = messages(&project, &["check", "--message-format=json"]);
    assert!(!success);
    let [(_, error)] = &found[..] else {
        panic!("{found:#?}")
    };
    assert_eq!(error.code.as_ref().unwrap().code, "HP0203");
    assert!(
        error
            .code
            .as_ref()
            .unwrap()
            .explanation
            .as_ref()
            .unwrap()
            .contains("## Example")
    );
    let [span] = &error.spans[..] else {
        panic!("{error:#?}")
    };
    let source = project.read(&span.file_name);
    assert_eq!(
        &source[span.byte_start as usize..span.byte_end as usize],
        "hp: u32"
    );
    assert_eq!((span.line_start, span.column_start, span.column_end), (3, 9, 16));
    assert!(span.is_primary && span.label.as_deref().unwrap().starts_with("hp: u16 -> hp: u32"));
    assert!(
        error
            .children
            .iter()
            .any(|child| child.level == DiagnosticLevel::Help)
    );

    project.edit("src/player.rs", "hp: u32", "hp: u32x");
    let (found, _) = messages(&project, &["check", "--message-format", "json"]);
    let error = &found.iter().find(|(_, found)| found.code.is_some()).unwrap().1;
    assert!(
        error.message.contains("u32x") && error.spans[0].line_start == 3,
        "{error:#?}"
    );
    assert!(!error.rendered.as_ref().unwrap().contains('\u{1b}'));
    let (found, success) = messages(&project, &["build", "--message-format", "json"]);
    assert!(
        !success && found.iter().any(|(_, found)| found.message.contains("u32x")),
        "{found:#?}"
    );
    assert_eq!(files(), before);
}

#[test]
fn a_check_leaves_a_running_session_alone() {
    let project = project("check_session");
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("a"), "a hp 9");
    let (success, said) = check(&project);
    assert!(success && said.contains("Unchanged"), "{said}");
    project.edit("src/main.rs", "\"hp {}\"", "\"HP {}\"");
    assert_eq!(session.applied(), ["check_session::step"]);
    assert_eq!(session.ask("b"), "b HP 8");
    // What is live is told by the session, after it has reported the edit.
    let taken =
        |said: &str| said.contains("a running session has taken these sources already (generation 1)");
    assert!((0..100).any(|_| taken(&check(&project).1)));
    project.edit("src/player.rs", "u16", "u32");
    assert_eq!(session.outcome()["code"], "HP0203");
    let (success, said) = check(&project);
    assert!(!success && said.contains("error[HP0203]"), "{said}");
    assert!(
        said.contains("compared with the program as built") && said.contains("generation 1"),
        "{said}"
    );
    project.edit("src/player.rs", "u32", "u16");
    assert_eq!(session.outcome()["event"], "nothing-to-do");
    assert!(check(&project).1.contains("has taken these sources already"));
    project.edit("src/main.rs", "\"HP {}\"", "\"Hp {}\"");
    assert_eq!(session.applied(), ["check_session::step"]);
    assert_eq!(session.ask("c"), "c Hp 7");
    assert!(session.finish().success());
}

#[test]
fn a_session_can_speak_to_editors() {
    let project = project("check_run");
    let mut session = Session::start(&project, &["--message-format", "json"]);
    let next = |session: &mut Session| loop {
        let line = session.line();
        let message: Message = match serde_json::from_str(&line) {
            Ok(message) => message,
            Err(_) => panic!("`{line}` is no message"),
        };
        if let Message::CompilerMessage(message) = message {
            break message.message;
        }
    };
    project.edit("src/player.rs", "u16", "u32");
    assert_eq!(session.outcome()["place"]["line"], 3);
    let refused = next(&mut session);
    assert_eq!(
        (refused.code.unwrap().code.as_str(), refused.spans[0].line_start),
        ("HP0203", 3)
    );
    project.write(
        "Cargo.toml",
        &(project.read("Cargo.toml") + "\n[features]\nx = []\n"),
    );
    assert_eq!(session.outcome()["event"], "restart-needed");
    let refused = next(&mut session);
    assert_eq!(
        (
            refused.code.unwrap().code.as_str(),
            refused.spans[0].file_name.as_str()
        ),
        ("HP0403", "Cargo.toml")
    );
    assert!(!session.messages().contains("HP0203"));
    // Behind the messages comes what the program prints.
    assert_eq!(session.ask("a"), "a hp 9");
    assert!(session.finish().success());
}
