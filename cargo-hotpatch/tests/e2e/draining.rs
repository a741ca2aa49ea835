//! A program that has its commits wait for running calls, in a session.

use crate::project::Project;
use crate::session::Session;

const MAIN: &str = r#"
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use hotpatch::{Drain, OnTimeout, hotpatch};

#[hotpatch]
fn handle(request: &str, go_on: &Receiver<()>, entered: &Sender<()>) -> String {
    entered.send(()).unwrap();
    go_on.recv().unwrap();
    format!("{request} done")
}

#[hotpatch]
fn greet() -> &'static str { "hello" }

fn main() {
    let timeout = Duration::from_millis(std::env::args().nth(1).unwrap().parse().unwrap());
    let on_timeout = if std::env::args().len() > 2 { OnTimeout::Proceed } else { OnTimeout::Refuse };
    hotpatch::drain(Drain { timeout, on_timeout });
    let (go, go_on) = channel();
    let (enter, entered) = channel();
    let (requests, served) = channel::<String>();
    let go_on = Mutex::new(go_on);
    std::thread::Builder::new().name("server".into()).spawn(move || {
        for request in served {
            println!("{}", hotpatch::call(|| handle(&request, &go_on.lock().unwrap(), &enter)));
        }
    }).unwrap();
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "go" => go.send(()).unwrap(),
            "greet" => println!("{}", hotpatch::call(greet)),
            request => { requests.send(request.into()).unwrap(); entered.recv().unwrap(); println!("{request} begins"); }
        }
    }
}
"#;

#[test]
fn a_commit_waits_for_a_request_or_is_refused_with_its_thread() {
    let project = Project::new("draining", MAIN);
    let mut session = Session::start(&project, &["--", "200"]);
    assert_eq!(session.ask("a"), "a begins");
    // What the request does not run is not held up.
    project.edit("src/main.rs", "\"hello\"", "\"good morning\"");
    assert_eq!(session.applied(), ["draining::greet"]);
    assert_eq!(session.ask("greet"), "good morning");

    project.edit("src/main.rs", "request} done", "request} DONE");
    let refused = session.outcome();
    assert_eq!(refused["code"], "HP0608", "{refused}");
    session.message("did not end within 200ms: `server`");
    assert_eq!(session.ask("go"), "a done");

    // Nothing was lost: the next save brings it, also of the same.
    session.message("save again later");
    let main = project.read("src/main.rs");
    project.write("src/main.rs", &main);
    assert_eq!(session.applied(), ["draining::handle"]);
    assert_eq!(session.ask("b"), "b begins");
    assert_eq!(session.ask("go"), "b DONE");
    assert!(session.finish().success());
}

#[test]
fn a_commit_is_applied_when_the_request_has_left() {
    let project = Project::new("draining", MAIN);
    let mut session = Session::start(&project, &["--", "300000"]);
    assert_eq!(session.ask("a"), "a begins");
    project.edit("src/main.rs", "request} done", "request} DONE");
    session.event("compiled");
    session.send("go");
    assert_eq!(session.applied(), ["draining::handle"]);
    assert_eq!(session.line(), "a done");
    assert_eq!(session.ask("b"), "b begins");
    assert_eq!(session.ask("go"), "b DONE");
    assert!(session.finish().success());
}

#[test]
fn a_commit_that_proceeds_says_who_was_inside() {
    let project = Project::new("draining", MAIN);
    let mut session = Session::start(&project, &["--", "200", "proceed"]);
    assert_eq!(session.ask("a"), "a begins");
    project.edit("src/main.rs", "request} done", "request} DONE");
    let applied = session.outcome();
    assert_eq!(applied["event"], "applied", "{applied}");
    let note = applied["notes"][0].as_str().unwrap();
    assert!(
        note.contains("finish on old code: `server` (") && note.contains("`draining::handle`"),
        "{note}"
    );
    session.message("finish on old code: `server`");
    assert_eq!(session.ask("go"), "a done");
    assert_eq!(session.ask("b"), "b begins");
    assert_eq!(session.ask("go"), "b DONE");
    assert!(session.finish().success());
}
