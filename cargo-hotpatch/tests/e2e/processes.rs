//! Several processes in one session, and processes that stand still.

use serde_json::Value;

use crate::project::Project;
use crate::scripts::MAIN;
use crate::session::{Session, signal_process};

/// Starts and ends workers, and prints what it and each of them runs; `-` for one that is stopped.
const MANY: &str = r#"
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

#[hotpatch::hotpatch]
fn step() -> u32 { 0 }

fn start(veto: bool) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(if veto { "veto" } else { "take" }).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap());
    (child, answers)
}

fn work(veto: bool) {
    if veto {
        hotpatch::on_event(|event| {
            if let hotpatch::Event::Preparing(preparing) = event {
                preparing.veto("busy");
            }
        });
    }
    println!("ready");
    for line in std::io::stdin().lines() {
        line.unwrap();
        println!("{}", hotpatch::call(step));
    }
}

fn main() {
    if let Some(kind) = std::env::args().nth(1) {
        return work(kind == "veto");
    }
    let mut workers: Vec<(Child, BufReader<ChildStdout>)> = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        match line.as_str() {
            "start" | "veto" => {
                let mut worker = start(line == "veto");
                worker.1.read_line(&mut String::new()).unwrap();
                println!("{}", worker.0.id());
                workers.push(worker);
                continue;
            }
            "end" => {
                let (mut child, _) = workers.pop().unwrap();
                child.kill().unwrap();
                child.wait().unwrap();
            }
            _ => {}
        }
        let mut text = hotpatch::call(step).to_string();
        for (child, answers) in &mut workers {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
            let mut answer = "-".to_owned();
            if !stat.contains(") T ") {
                writeln!(child.stdin.as_mut().unwrap(), "x").unwrap();
                answer.clear();
                answers.read_line(&mut answer).unwrap();
            }
            text += answer.trim();
        }
        println!("{text}");
    }
}
"#;

/// The pids of the next `count` events of this name, and of no outcome of another name.
fn pids(session: &mut Session, name: &str, count: usize) -> Vec<u64> {
    let mut pids: Vec<_> = (0..count)
        .map(|_| {
            let event = session.event_among(&["applied", "refused", "nothing-to-do", "build-failed"]);
            assert_eq!(event["event"], name, "{event}");
            event["pid"].as_u64().unwrap()
        })
        .collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

fn start(session: &mut Session, kind: &str) -> u32 {
    let pid = session.ask(kind).parse().unwrap();
    assert_eq!(session.event("process-attached")["pid"], pid);
    pid
}

/// Stops a process and waits until it stands still.
fn stop(pid: u32) {
    signal_process(pid, "STOP");
    let stat = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    while !stat().contains(") T ") {
        std::thread::yield_now();
    }
}

#[test]
fn eight_processes_take_every_patch_and_answer_for_themselves() {
    let project = Project::new("processes_many", MANY);
    let mut session = Session::start(&project, &[]);
    let edit = |from: u32, to: u32| {
        project.edit(
            "src/main.rs",
            &format!("-> u32 {{ {from} }}"),
            &format!("-> u32 {{ {to} }}"),
        );
    };
    let workers: Vec<u32> = (0..7).map(|_| start(&mut session, "start")).collect();
    edit(0, 1);
    assert_eq!(pids(&mut session, "applied", 8).len(), 8);
    assert_eq!(session.ask("x"), "11111111");

    // One that joins late comes to the generation of the others.
    let late = start(&mut session, "start");
    let brought = session.outcome();
    assert_eq!(
        (&brought["pid"], &brought["generation"]),
        (&Value::from(late), &Value::from(1))
    );
    assert_eq!(session.ask("x"), "111111111");

    // One that stands still holds nobody up, also not for two patches, and is told when it has them.
    stop(workers[2]);
    for version in [2, 3] {
        edit(version - 1, version);
        let taken = pids(&mut session, "applied", 8);
        assert!(
            taken.len() == 8 && !taken.contains(&u64::from(workers[2])),
            "{taken:?}"
        );
        assert_eq!(session.event("unanswered")["pid"], workers[2]);
        assert_eq!(session.ask("x"), format!("{0}{0}{0}-{0}{0}{0}{0}{0}", version));
    }
    signal_process(workers[2], "CONT");
    for generation in [2, 3] {
        let brought = session.outcome();
        let expected = (Value::from(workers[2]), Value::from(generation));
        assert_eq!(
            (brought["pid"].clone(), brought["generation"].clone()),
            expected,
            "{brought}"
        );
    }
    assert_eq!(session.ask("x"), "333333333");

    // One that ends.
    assert_eq!(session.ask("end"), "33333333");
    edit(3, 4);
    assert_eq!(pids(&mut session, "applied", 8).len(), 8);

    // One that does not want to.
    let veto = start(&mut session, "veto");
    assert_eq!(pids(&mut session, "refused", 1), [u64::from(veto)]);
    edit(4, 5);
    let outcomes: Vec<Value> = (0..9).map(|_| session.outcome()).collect();
    let refused: Vec<_> = outcomes
        .iter()
        .filter(|event| event["event"] == "refused")
        .collect();
    assert_eq!(refused.len(), 1, "{outcomes:?}");
    assert_eq!(
        (&refused[0]["pid"], &refused[0]["code"]),
        (&Value::from(veto), &Value::from("HP0607"))
    );
    assert_eq!(session.ask("x"), "555555550");
    session.message("8 of 9 processes");
    assert!(session.finish().success());
}

#[test]
fn a_process_that_stands_still_takes_the_edits_when_it_goes_on() {
    let project = Project::new("processes_stopped", MAIN);
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("a"), "a count 1");
    let pid = u32::try_from(session.seen.last().unwrap()["pid"].as_u64().unwrap()).unwrap();
    stop(pid);
    project.edit("src/main.rs", "\"count", "\"Count");
    assert_eq!(session.event("unanswered")["stopped"], true);
    // What is saved meanwhile waits: nobody can tell with what to compare it.
    project.edit("src/main.rs", "\"Count", "\"COUNT");
    session.event("unanswered");
    let is_outcome =
        |event: &Value| ["applied", "refused", "nothing-to-do"].contains(&event["event"].as_str().unwrap());
    assert!(!session.seen.iter().any(is_outcome), "{:?}", session.seen);
    signal_process(pid, "CONT");
    assert_eq!(session.outcome()["generation"], 1);
    assert_eq!(session.outcome()["generation"], 2);
    assert_eq!(session.ask("b"), "b COUNT 2");

    // One that ends without an answer.
    stop(pid);
    project.edit("src/main.rs", "\"COUNT", "\"lost");
    session.event("unanswered");
    signal_process(pid, "KILL");
    let ends = [
        session.event_among(&["process-exited", "refused"]),
        session.event_among(&["process-exited", "refused"]),
    ];
    assert!(ends.iter().any(|event| event["code"] == "HP0604"), "{ends:?}");
    project.edit("src/main.rs", "\"lost", "\"again");
    session.event("process-attached");
    assert_eq!(session.ask("c"), "c again 1");
    assert!(session.finish().success());
}

/// Answers from itself and from children that it forked; begins anew when it is told to.
const FORKS: &str = r#"
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;

unsafe extern "C" {
    fn fork() -> i32;
}

#[hotpatch::hotpatch]
fn step(count: &mut u32) -> String {
    *count += 1;
    format!("old {count}")
}

fn child(mut parent: UnixStream, mut count: u32) -> ! {
    let mut byte = [0];
    while parent.read(&mut byte).unwrap() == 1 {
        let answer = hotpatch::call(|| step(&mut count));
        parent.write_all(format!("{answer:>20}").as_bytes()).unwrap();
    }
    std::process::exit(0)
}

fn main() {
    let mut children: Vec<UnixStream> = Vec::new();
    let mut count = 0;
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "fork" => {
                let (own, theirs) = UnixStream::pair().unwrap();
                if unsafe { fork() } == 0 {
                    drop(own);
                    children.clear();
                    child(theirs, count);
                }
                children.push(own);
            }
            "exec" => panic!("{}", std::process::Command::new(std::env::current_exe().unwrap()).exec()),
            _ => {}
        }
        let mut text = hotpatch::call(|| step(&mut count));
        for child in &mut children {
            child.write_all(b"x").unwrap();
            let mut answer = [0; 20];
            child.read_exact(&mut answer).unwrap();
            text += ", ";
            text += String::from_utf8_lossy(&answer).trim();
        }
        println!("{text}");
    }
}
"#;

#[test]
fn forked_children_and_a_program_that_begins_anew_take_patches() {
    let project = Project::new("processes_forks", FORKS);
    let mut session = Session::start(&project, &[]);
    let attached = |session: &Session| session.seen.last().unwrap()["pid"].as_u64().unwrap();
    let program = attached(&session);
    assert_eq!(session.ask("x"), "old 1");
    // A child opens its channel at its first safe point, with the state and the code of its parent.
    assert_eq!(session.ask("fork"), "old 2, old 2");
    session.event("process-attached");
    assert_ne!(attached(&session), program);
    project.edit("src/main.rs", "\"old", "\"new");
    assert_eq!(pids(&mut session, "applied", 2).len(), 2);
    assert_eq!(session.ask("x"), "new 3, new 3");
    // One that is forked from a patched process has what that has.
    assert_eq!(session.ask("fork"), "new 4, new 4, new 4");
    session.event("process-attached");
    project.edit("src/main.rs", "\"new", "\"last");
    assert_eq!(pids(&mut session, "applied", 3).len(), 3);
    assert_eq!(session.ask("x"), "last 5, last 5, last 5");
    // The same process with the program from its beginning. The children end with their connections.
    let is_child = |event: &&Value| event["event"] == "process-attached" && event["pid"] != program;
    let children: Vec<_> = session
        .seen
        .iter()
        .filter(is_child)
        .map(|event| event["pid"].clone())
        .collect();
    session.send("exec");
    for child in children {
        let runs = |stat: String| !stat.contains(") Z ");
        while std::fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(runs) {
            std::thread::yield_now();
        }
    }
    assert_eq!(session.event("process-attached")["pid"], program);
    for generation in [1, 2] {
        assert_eq!(session.outcome()["generation"], generation);
    }
    assert_eq!(session.ask("x"), "last 1");
    project.edit("src/main.rs", "\"last", "\"end");
    assert_eq!(pids(&mut session, "applied", 1), [program]);
    assert_eq!(session.ask("x"), "end 2");
    assert!(session.finish().success());
}
