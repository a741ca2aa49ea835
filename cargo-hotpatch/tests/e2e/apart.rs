//! Roll-backs that the session does not make itself: processes that went apart, and edits that meet one.

use crate::project::Project;
use crate::rollback::{MAIN, edited, rolled_back};
use crate::session::Session;

/// Starts workers, which answer as it does, and has them do what they are told: `N line` is for the worker `N`.
const MANY: &str = r#"
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use hotpatch::hotpatch;

#[hotpatch]
fn one() -> &'static str { "one-0" }

#[hotpatch]
fn two() -> &'static str { "two-0" }

fn answer(line: &str) -> String {
    match line.split_once(' ') {
        Some(("to", number)) => match hotpatch::rollback(number.parse().unwrap()) {
            Ok(back) => format!("to {}", back.to),
            Err(refusal) => refusal.to_string(),
        },
        _ => hotpatch::call(|| format!("{} {}", one(), two())),
    }
}

fn main() {
    if std::env::args().nth(1).is_some() {
        for line in std::io::stdin().lines() {
            println!("{}", answer(&line.unwrap()));
        }
        return;
    }
    let mut workers: Vec<(Child, BufReader<ChildStdout>)> = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        if line == "start" {
            let mut command = Command::new(std::env::current_exe().unwrap());
            let mut child = command.arg("x").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            println!("{}", child.id());
            let answers = BufReader::new(child.stdout.take().unwrap());
            workers.push((child, answers));
            continue;
        }
        match line.split_once(' ') {
            Some((number, line)) if number != "to" => {
                let (child, answers) = &mut workers[number.parse::<usize>().unwrap()];
                writeln!(child.stdin.as_mut().unwrap(), "{line}").unwrap();
                let mut answer = String::new();
                answers.read_line(&mut answer).unwrap();
                println!("{}", answer.trim());
            }
            _ => println!("{}", answer(&line)),
        }
    }
}
"#;

#[test]
fn processes_that_went_apart_meet_again_at_the_next_save() {
    let project = Project::new("rollback_many", MANY);
    let mut session = Session::start(&project, &[]);
    let start = |session: &mut Session| {
        let pid = session.ask("start");
        assert_eq!(session.event("process-attached")["pid"].to_string(), pid);
        pid
    };
    start(&mut session);
    let edit = |session: &mut Session, from: &str, to: &str, processes: usize| {
        project.edit("src/main.rs", from, to);
        for _ in 0..processes {
            session.applied();
        }
    };
    edit(&mut session, "one-0", "one-1", 2);
    edit(&mut session, "two-0", "two-2", 2);
    let ask_all = |session: &mut Session, workers: usize| {
        let mut said = vec![session.ask("x")];
        said.extend((0..workers).map(|worker| session.ask(&format!("{worker} x"))));
        said
    };
    // One goes back, the other stays: the same patch brings both to the sources.
    assert_eq!(session.ask("0 to 1"), "to 1");
    rolled_back(&mut session, "others", "ahead");
    assert_eq!(ask_all(&mut session, 1), ["one-1 two-2", "one-1 two-0"]);
    edit(&mut session, "one-1", "one-3", 2);
    assert_eq!(ask_all(&mut session, 1), ["one-3 two-2"; 2]);
    // They are as one again.
    edit(&mut session, "two-2", "two-4", 2);
    assert_eq!(ask_all(&mut session, 1), ["one-3 two-4"; 2]);

    // All go back. One that joins comes to where they are, and not to what they went back from.
    assert_eq!(session.ask("to 1"), "to 1");
    assert_eq!(session.ask("0 to 1"), "to 1");
    for _ in 0..2 {
        rolled_back(&mut session, "others", "ahead");
    }
    start(&mut session);
    assert_eq!(session.outcome()["generation"], 1);
    assert_eq!(ask_all(&mut session, 2), ["one-1 two-0"; 3]);
    edit(&mut session, "one-3", "one-5", 3);
    assert_eq!(ask_all(&mut session, 2), ["one-5 two-4"; 3]);
    // One that joins now goes the whole way.
    start(&mut session);
    while session.ask("2 x") != "one-5 two-4" {
        session.outcome();
    }
    let said = session.messages();
    assert!(!said.contains("HP06"), "{said}");
    assert!(session.finish().success());
}

/// The roll-back comes while the edit is compiled, or when it is just about to be offered.
#[test]
fn an_edit_that_meets_a_roll_back_is_applied() {
    let project = Project::new("rollback_meets", MAIN);
    let mut session = Session::start(&project, &[]);
    edited(&project, &mut session);
    let mut count = 1;
    let mut generation = 2;
    for (round, moment) in ["change-detected", "compiled", "change-detected", "compiled"]
        .into_iter()
        .enumerate()
    {
        let (from, to) = (format!("one-{}", round + 1), format!("one-{}", round + 2));
        project.edit("src/main.rs", &from, &to);
        session.event(moment);
        let answer = session.ask("back");
        let outcome = session.outcome();
        assert_eq!(outcome["event"], "applied", "{outcome}");
        // It goes back from the edit if that was faster, and a save brings it again.
        if answer.starts_with(&format!("to {generation} ")) {
            rolled_back(&mut session, "others", "ahead");
            let main = project.read("src/main.rs");
            project.write("src/main.rs", &main);
            generation = session.event("applied")["generation"].as_u64().unwrap();
        } else {
            generation = outcome["generation"].as_u64().unwrap();
        }
        count += 1;
        assert_eq!(session.ask("x"), format!("{to} two-2 {count}"));
    }
    let said = session.messages();
    assert!(!said.contains("HP06"), "{said}");
    assert!(session.finish().success());
}
