//! Going back to an earlier generation and forward again: from code, by the command, by keys, and what is saved then.

use serde_json::Value;

use crate::project::{Project, text};
use crate::pty::Terminal;
use crate::session::Session;

/// Answers with what both functions say, or does what it is asked: `back`, `to N`.
pub(crate) const MAIN: &str = r#"
use hotpatch::hotpatch;

#[hotpatch]
fn one() -> &'static str { "one-0" }

#[hotpatch]
fn two() -> &'static str { "two-0" }

#[hotpatch]
fn asked(count: &mut u32) -> String {
    *count += 1;
    format!("{} {} {count}", one(), two())
}

fn main() {
    let mut count = 0;
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let outcome = match line.split_once(' ') {
            Some(("to", number)) => hotpatch::rollback(number.parse().unwrap()),
            _ if line == "back" => hotpatch::step_back(),
            _ => {
                println!("{}", hotpatch::call(|| asked(&mut count)));
                continue;
            }
        };
        match outcome {
            Ok(back) => println!("to {} in {}", back.to, back.generation),
            Err(refusal) => println!("{}", refusal.code()),
        }
    }
}
"#;

/// Runs a command about the process of a session: whether it succeeded, and what it said.
fn command(project: &Project, arguments: &[&str]) -> (bool, String) {
    let output = project.output(arguments);
    (
        output.status.success(),
        text(&output.stderr) + &text(&output.stdout),
    )
}

fn pid(session: &Session) -> String {
    let mut attached = session.seen.iter().rev();
    let event = attached.find(|event| event["event"] == "process-attached");
    event.unwrap()["pid"].to_string()
}

/// The next roll-back: the generation that it made, and the one whose code it runs.
pub(crate) fn rolled_back(session: &mut Session, by: &str, sources: &str) -> (u64, u64) {
    let event = session.event("rolled-back");
    assert_eq!(
        (event["by"].as_str(), event["sources"].as_str()),
        (Some(by), Some(sources)),
        "{event}"
    );
    (
        event["generation"].as_u64().unwrap(),
        event["to"].as_u64().unwrap(),
    )
}

/// Two edits, one of each function.
pub(crate) fn edited(project: &Project, session: &mut Session) {
    project.edit("src/main.rs", "one-0", "one-1");
    assert_eq!(session.applied().len(), 1);
    project.edit("src/main.rs", "two-0", "two-2");
    assert_eq!(session.applied().len(), 1);
    assert_eq!(session.ask("x"), "one-1 two-2 1");
}

#[test]
fn after_a_roll_back_from_code_the_next_save_makes_the_sources_live() {
    let project = Project::new("rollback_code", MAIN);
    let mut session = Session::start(&project, &[]);
    edited(&project, &mut session);
    assert_eq!(session.ask("to 1"), "to 1 in 3");
    assert_eq!(rolled_back(&mut session, "others", "ahead"), (3, 1));
    session.message("to generation 1, by itself or by another command: rollback_code::two (generation 3)");
    session.message("the sources are ahead of the program now");
    assert_eq!(session.ask("x"), "one-1 two-0 2");
    // An edit of another function: what it publishes is all that the sources hold and the process does not run.
    project.edit("src/main.rs", "one-1", "one-3");
    assert_eq!(session.applied(), ["rollback_code::one", "rollback_code::two"]);
    assert_eq!(session.ask("x"), "one-3 two-2 3");

    // To the program as built, one step for each generation that has code of its own.
    for (to, generation) in [(1, 5), (0, 6)] {
        assert_eq!(session.ask("back"), format!("to {to} in {generation}"));
        assert_eq!(rolled_back(&mut session, "others", "ahead"), (generation, to));
    }
    assert_eq!(session.ask("back"), "HP0606");
    assert_eq!(session.ask("x"), "one-0 two-0 4");
    // A save of what was saved before counts, now that something else runs.
    let main = project.read("src/main.rs");
    project.write("src/main.rs", &main);
    assert_eq!(session.applied(), ["rollback_code::one", "rollback_code::two"]);
    assert_eq!(session.ask("x"), "one-3 two-2 5");
    project.edit("src/main.rs", "one-3", "one-4");
    assert_eq!(session.applied(), ["rollback_code::one"]);
    assert_eq!(session.ask("x"), "one-4 two-2 6");

    // Sources that hold what runs again: nothing to do, and nothing is ahead.
    assert_eq!(session.ask("to 4"), "to 4 in 9");
    rolled_back(&mut session, "others", "ahead");
    project.edit("src/main.rs", "one-4", "one-3");
    let outcome = session.outcome();
    assert_eq!(outcome["event"], "nothing-to-do", "{:#?}", session.seen);
    assert_eq!(session.ask("x"), "one-3 two-2 7");
    let said = session.messages();
    assert!(!said.contains("HP0601"), "{said}");
    assert_eq!(said.matches("the sources are ahead").count(), 3, "{said}");
    assert!(session.finish().success());
}

#[test]
fn the_command_goes_back_and_forward_and_says_what_the_process_did() {
    let project = Project::new("rollback_command", MAIN);
    let mut session = Session::start(&project, &[]);
    let pid = pid(&session);
    let (success, said) = command(&project, &["rollback", "--pid", &pid]);
    assert!(!success && said.contains("error[HP0606]"), "{said}");
    edited(&project, &mut session);

    let (success, said) = command(&project, &["rollback", "--pid", &pid]);
    let expected = format!(
        "Rolled back process {pid} to generation 1, 1 function: rollback_command::two (generation 3)"
    );
    assert!(success && said.contains(&expected), "{said}");
    assert_eq!(rolled_back(&mut session, "others", "ahead"), (3, 1));
    assert_eq!(session.ask("x"), "one-1 two-0 2");
    // Roll back, edit, roll forward, edit.
    project.edit("src/main.rs", "one-1", "one-3");
    assert_eq!(session.applied().len(), 2);
    assert_eq!(session.ask("x"), "one-3 two-2 3");
    let (success, said) = command(&project, &["rollback", "--to", "2", "--pid", &pid]);
    assert!(success && said.contains("to generation 2, 2 functions"), "{said}");
    assert_eq!(rolled_back(&mut session, "others", "ahead"), (5, 2));
    assert_eq!(session.ask("x"), "one-1 two-2 4");
    project.edit("src/main.rs", "two-2", "two-4");
    assert_eq!(
        session.applied(),
        ["rollback_command::one", "rollback_command::two"]
    );
    assert_eq!(session.ask("x"), "one-3 two-4 5");
    // Away and to where the sources are.
    command(&project, &["rollback", "--to", "0", "--pid", &pid]);
    rolled_back(&mut session, "others", "ahead");
    let (_, said) = command(
        &project,
        &["rollback", "--to", "6", "--pid", &pid, "--message-format", "json"],
    );
    let event: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&event["event"], &event["by"], &event["to"], &event["sources"]),
        (&"rolled-back".into(), &"command".into(), &6.into(), &Value::Null)
    );
    assert_eq!(rolled_back(&mut session, "others", "live"), (8, 6));
    session.message("the program runs what the sources hold again");
    assert_eq!(session.ask("x"), "one-3 two-4 6");

    let (success, said) = command(&project, &["rollback", "--to", "99", "--pid", &pid]);
    assert!(
        !success && said.contains("error[HP0606]") && said.contains("0, 1, 2, 3, 4, 5, 6, 7, 8"),
        "{said}"
    );
    let (success, said) = command(&project, &["history", "--pid", &pid]);
    assert!(success, "{said}");
    for line in [
        "  0: the program as built",
        "  3: rolled back to 1, ",
        "* 8: rolled back to 6, ",
        "2 functions: rollback_command::one, rollback_command::two",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let (_, said) = command(&project, &["history", "--pid", &pid, "--message-format", "json"]);
    let event: Value = serde_json::from_str(&said).unwrap();
    let generations = event["generations"].as_array().unwrap();
    assert_eq!((generations.len(), &generations[8]["code_of"]), (9, &6.into()));
    assert_eq!(generations[8]["patch"], generations[6]["patch"]);
    assert!(session.finish().success());
}

/// Prints all the time and reads nothing.
const CLOCK: &str = r#"
use hotpatch::hotpatch;

#[hotpatch]
fn one() -> &'static str { "one-0" }

#[hotpatch]
fn two() -> &'static str { "two-0" }

fn main() {
    loop {
        println!("{}", hotpatch::call(|| format!("{} {}", one(), two())));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
"#;

#[test]
fn keys_go_back_and_forward() {
    let project = Project::new("rollback_keys", CLOCK);
    let mut terminal = Terminal::new();
    let mut session = terminal.start(&project, &[]);
    terminal.shows("b back, f forward");
    for (from, to, says) in [
        ("one-0", "one-1", "one-1 two-0"),
        ("two-0", "two-2", "one-1 two-2"),
    ] {
        project.edit("src/main.rs", from, to);
        session.applied();
        session.line_with(says);
    }
    terminal.types("b");
    assert_eq!(rolled_back(&mut session, "key", "ahead"), (3, 1));
    terminal.shows("Rolled back 1 function to generation 1: rollback_keys::two (generation 3)");
    terminal.shows("the sources are ahead of the program now");
    session.line_with("one-1 two-0");
    terminal.types("s");
    terminal.shows("Sources ahead of what runs");
    terminal.types("b");
    assert_eq!(rolled_back(&mut session, "key", "ahead"), (4, 0));
    session.line_with("one-0 two-0");
    terminal.types("b");
    terminal.shows("error[HP0606]");
    for (to, says) in [(1, "one-1 two-0"), (2, "one-1 two-2")] {
        terminal.types("f");
        let sources = if to == 2 { "live" } else { "ahead" };
        assert_eq!(rolled_back(&mut session, "key", sources).1, to);
        session.line_with(says);
    }
    terminal.shows("the program runs what the sources hold again");
    terminal.types("f");
    terminal.shows("there is no later generation");
    // Back, and a save: all that the sources hold. The way back from there leads to what was live before it.
    terminal.types("b");
    rolled_back(&mut session, "key", "ahead");
    project.edit("src/main.rs", "one-1", "one-3");
    assert_eq!(session.applied(), ["rollback_keys::one", "rollback_keys::two"]);
    session.line_with("one-3 two-2");
    terminal.types("b");
    assert_eq!(rolled_back(&mut session, "key", "ahead").1, 1);
    session.line_with("one-1 two-0");
    terminal.types("f");
    rolled_back(&mut session, "key", "live");
    session.line_with("one-3 two-2");
    // A new program begins with the sources.
    terminal.types("b");
    rolled_back(&mut session, "key", "ahead");
    terminal.types("r");
    session.event("process-attached");
    session.line_with("one-3 two-2");
    project.edit("src/main.rs", "two-2", "two-5");
    assert_eq!(session.applied(), ["rollback_keys::two"]);
    session.line_with("one-3 two-5");
}

/// A generic function, a closure, a static of the program, and room for what an edit adds.
const FORMS: &str = r#"
use std::fmt::Display;
use std::sync::atomic::{AtomicU32, Ordering};

use hotpatch::hotpatch;

static CALLS: AtomicU32 = AtomicU32::new(0);

#[hotpatch]
fn generic<T: Display>(value: T) -> String { format!("generic-0 {value}") }

/*added*/

#[hotpatch]
fn all() -> String {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed);
    format!("{} {} {calls}", generic(1), generic("x"))
}

fn main() {
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "back" => println!("to {}", hotpatch::step_back().unwrap().to),
            _ => println!("{}", hotpatch::call(|| format!("closure-0 {}", all()))),
        }
    }
}
"#;

#[test]
fn all_kinds_of_code_go_back_and_come_again_and_state_stays() {
    let project = Project::new("rollback_forms", FORMS);
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("x"), "closure-0 generic-0 1 generic-0 x 0");
    project.edit("src/main.rs", "generic-0", "generic-1");
    session.applied();
    project.edit("src/main.rs", "closure-0", "closure-2");
    session.applied();
    // A function with a static of its own, and a thread-local.
    let added = "thread_local! { static HERE: std::cell::Cell<u32> = const { std::cell::Cell::new(0) } }\n\
                 #[hotpatch]\nfn added() -> u32 { static SEEN: AtomicU32 = AtomicU32::new(7); HERE.set(HERE.get() + 1); \
                 SEEN.fetch_add(1, Ordering::Relaxed) + HERE.get() }";
    let main = project.read("src/main.rs").replace("/*added*/", added);
    project.write("src/main.rs", &main.replace("generic(\"x\")", "generic(added())"));
    session.applied();
    assert_eq!(session.ask("x"), "closure-2 generic-1 1 generic-1 8 1");
    // All the way back. What the edits brought stays in the process.
    let mut says = Vec::new();
    while says.last().is_none_or(|(to, _)| to != "to 0") {
        let to = session.ask("back");
        rolled_back(&mut session, "others", "ahead");
        says.push((to, session.ask("x")));
    }
    let last = says.pop().unwrap().1;
    assert!(last.starts_with("closure-0 generic-0 1 generic-0 x "), "{last}");
    let before_added = says.iter().rfind(|(to, _)| to == "to 2");
    assert!(before_added.is_some_and(|(_, said)| said.starts_with("closure-2 generic-1 1 generic-1 x ")));
    let main = project.read("src/main.rs");
    project.write("src/main.rs", &main);
    session.applied();
    let said = session.ask("x");
    let value = said.strip_prefix("closure-2 generic-1 1 generic-1 ");
    let (value, calls) = value.unwrap_or_else(|| panic!("{said}")).split_once(' ').unwrap();
    // The static and the thread-local of the edit go on, and so does the static of the program.
    assert!(value.parse::<u32>().unwrap() > 8, "{said}");
    assert!(calls.parse::<u32>().unwrap() >= 5, "{said}");
    project.edit("src/main.rs", "closure-2", "closure-3");
    assert_eq!(session.applied().len(), 1);
    assert!(session.ask("x").starts_with("closure-3 generic-1 1 generic-1 "));
    assert!(session.finish().success());
}

#[test]
fn a_patch_of_others_is_told_and_its_process_keeps_its_code() {
    let project = Project::new("rollback_others", MAIN);
    let mut session = Session::start(&project, &[]);
    let pid = pid(&session);
    edited(&project, &mut session);
    let (success, said) = command(&project, &["patch", "-o", "foreign.hotpatch"]);
    assert!(success, "{said}");
    let (success, said) = command(&project, &["apply", "--pid", &pid, "foreign.hotpatch"]);
    assert!(success, "{said}");
    let event = session.event("patched-by-others");
    assert_eq!(
        (&event["generation"], &event["known"]),
        (&3.into(), &false.into())
    );
    session.message("error[HP0601]");
    session.message(&format!(
        "`cargo hotpatch rollback --pid {pid}` takes that patch back"
    ));
    assert_eq!(session.outcome()["pid"].to_string(), pid);
    project.edit("src/main.rs", "one-1", "one-3");
    let refused = session.outcome();
    assert_eq!(
        (&refused["event"], &refused["code"]),
        (&Value::from("refused"), &Value::from("HP0601")),
        "{refused}"
    );
    assert_eq!(session.ask("x"), "one-1 two-2 2");
    let (success, said) = command(&project, &["rollback", "--pid", &pid]);
    assert!(success, "{said}");
    rolled_back(&mut session, "others", "ahead");
    project.edit("src/main.rs", "two-2", "two-4");
    assert_eq!(
        session.applied(),
        ["rollback_others::one", "rollback_others::two"]
    );
    assert_eq!(session.ask("x"), "one-3 two-4 3");
    assert!(session.finish().success());
}

#[test]
fn a_generation_that_is_not_kept_is_refused_and_those_that_are_are_named() {
    let project = Project::new("rollback_kept", MAIN);
    let variables = [("HOTPATCH_KEEP_GENERATIONS", "1")];
    let mut session = Session::start_with(&project, &[], &variables);
    let pid = pid(&session);
    edited(&project, &mut session);
    project.edit("src/main.rs", "one-1", "one-3");
    session.applied();
    let (success, said) = command(&project, &["rollback", "--to", "1", "--pid", &pid]);
    assert!(
        !success && said.contains("generation 1 is not kept; the generations that are: 0, 2, 3"),
        "{said}"
    );
    assert_eq!(session.ask("x"), "one-3 two-2 2");
    let (success, said) = command(&project, &["rollback", "--to", "0", "--pid", &pid]);
    assert!(success, "{said}");
    rolled_back(&mut session, "others", "ahead");
    project.edit("src/main.rs", "two-2", "two-4");
    assert_eq!(session.applied().len(), 2);
    assert_eq!(session.ask("x"), "one-3 two-4 3");
    assert!(session.finish().success());
}
