//! Whatever goes wrong, one clear message comes out and the program keeps running what it ran.

use std::fs;

use crate::project::{Project, text};
use crate::scripts::MAIN;
use crate::session::{Session, signal_process};

fn attached(session: &Session) -> u32 {
    let event = session
        .seen
        .iter()
        .rev()
        .find(|event| event["event"] == "process-attached")
        .unwrap();
    u32::try_from(event["pid"].as_u64().unwrap()).unwrap()
}

#[test]
fn the_program_runs_on_when_the_tool_is_killed() {
    // Its input is a FIFO of its own, since the tool's end of a pipe would close with the tool.
    let main = MAIN.replace(
        "std::io::stdin().lines()",
        "std::io::BufRead::lines(std::io::BufReader::new(std::fs::File::open(\"questions\").unwrap()))",
    );
    let main = main.replace("println!(\"{} {}\"", "use std::io::Write; writeln!(std::fs::OpenOptions::new().append(true).open(\"answers\").unwrap(), \"{} {}\"");
    let main = main.replace("step(&mut count)));", "step(&mut count))).unwrap();");
    let project = Project::new("robust_killed", &main);
    for fifo in ["questions", "answers"] {
        std::process::Command::new("mkfifo")
            .arg(project.path(fifo))
            .status()
            .unwrap();
    }
    let open = |fifo: &str| {
        fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(project.path(fifo))
            .unwrap()
    };
    let (mut questions, answers) = (open("questions"), open("answers"));
    let mut answers = std::io::BufRead::lines(std::io::BufReader::new(answers));
    let mut ask = |line: &str| {
        std::io::Write::write_all(&mut questions, format!("{line}\n").as_bytes()).unwrap();
        answers.next().unwrap().unwrap()
    };
    let mut session = Session::start(&project, &[]);
    assert_eq!(ask("a"), "a count 1");
    project.edit("src/main.rs", "\"count", "\"COUNT");
    session.applied();
    assert_eq!(ask("b"), "b COUNT 2");
    let pid = attached(&session);
    session.signal("KILL");
    session.wait();
    assert_eq!(ask("c"), "c COUNT 3");
    // The next tool reaches it.
    let output = project.output(&["status", "--pid", &pid.to_string()]);
    assert!(text(&output.stdout).contains("generation 1") || text(&output.stderr).contains("generation 1"));
    signal_process(pid, "KILL");
}

#[test]
fn a_crash_is_reported_and_the_next_save_restarts() {
    let main = MAIN.replace(
        "*count += 1;",
        "*count += 1; if *count == 3 { std::process::abort() }",
    );
    let project = Project::new("robust_crash", &main);
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("a"), "a count 1");
    assert_eq!(session.ask("b"), "b count 2");
    session.send("c");
    let exited = session.event("process-exited");
    assert_eq!(
        (exited["code"].as_i64(), exited["signal"].as_i64()),
        (None, Some(6))
    );
    session.message("SIGABRT");
    project.edit("src/main.rs", "if *count == 3 { std::process::abort() }", "");
    session.event("process-attached");
    assert_eq!(session.ask("d"), "d count 1");
    project.edit("src/main.rs", "\"count", "\"COUNT");
    session.applied();
    assert_eq!(session.ask("e"), "e COUNT 2");
    assert!(session.finish().success());
}

#[test]
fn the_tool_dies_as_the_program_does() {
    use std::os::unix::process::ExitStatusExt;
    let project = Project::new("robust_signals", MAIN);
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("a"), "a count 1");
    session.signal("TERM");
    assert_eq!(session.wait().signal(), Some(15));
}

#[test]
fn an_interrupt_for_the_tool_alone_reaches_the_program() {
    use std::os::unix::process::ExitStatusExt;
    for (signal, number) in [("INT", 2), ("QUIT", 3)] {
        let project = Project::new(&format!("robust_{}", signal.to_lowercase()), MAIN);
        let mut session = Session::start(&project, &[]);
        assert_eq!(session.ask("a"), "a count 1");
        session.signal(signal);
        assert_eq!(session.event("process-exited")["signal"], number);
        assert_eq!(session.wait().signal(), Some(number));
    }
}

#[test]
fn two_sessions_on_one_project_both_patch() {
    let project = Project::new("robust_two", MAIN);
    let mut one = Session::start(&project, &[]);
    let second = Project::empty("robust_two_events");
    let mut two = Session::start_in(&project, &second, &[]);
    assert_eq!(
        (one.ask("a"), two.ask("a")),
        ("a count 1".into(), "a count 1".into())
    );
    assert_eq!(one.ask("b"), "b count 2");
    for version in ["COUNT", "Count", "cOUNT"] {
        project.write("src/main.rs", &MAIN.replace("\"count", &format!("\"{version}")));
        assert_eq!(one.applied(), ["robust_two::step"]);
        assert_eq!(two.applied(), ["robust_two::step"]);
        assert!(one.ask("x").contains(version));
        assert!(two.ask("x").contains(version));
    }
    assert!(one.finish().success());
    assert!(two.finish().success());
}

#[test]
fn children_of_the_program_take_the_patches_too() {
    let main = r#"
        use std::io::{BufRead, BufReader, Write};
        use std::process::{Command, Stdio};
        #[hotpatch::hotpatch]
        fn step() -> u32 { 1 }
        fn main() {
            let is_child = std::env::args().count() > 1;
            let mut child = (!is_child).then(|| {
                let program = std::env::current_exe().unwrap();
                Command::new(program).arg("child").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
            });
            let mut answers = child.as_mut().map(|child| BufReader::new(child.stdout.take().unwrap()));
            for line in std::io::stdin().lines() {
                let line = line.unwrap();
                let mut text = hotpatch::call(step).to_string();
                if let (Some(child), Some(answers)) = (&mut child, &mut answers) {
                    writeln!(child.stdin.as_mut().unwrap(), "{line}").unwrap();
                    let mut answer = String::new();
                    answers.read_line(&mut answer).unwrap();
                    text = format!("{text} child {}", answer.trim());
                }
                println!("{text}");
            }
        }
    "#;
    let project = Project::new("robust_children", main);
    let mut session = Session::start(&project, &[]);
    session.event("process-attached");
    assert_eq!(session.ask("a"), "1 child 1");
    project.edit("src/main.rs", "-> u32 { 1 }", "-> u32 { 2 }");
    let pids = [session.outcome(), session.outcome()].map(|event| {
        assert_eq!(event["event"], "applied");
        event["pid"].as_u64().unwrap()
    });
    assert_ne!(pids[0], pids[1]);
    assert_eq!(session.ask("b"), "2 child 2");
    assert!(session.finish().success());
}

#[test]
fn touching_a_file_does_nothing_and_edits_during_a_build_are_not_lost() {
    let project = Project::new("robust_touch", MAIN);
    let mut session = Session::start(&project, &[]);
    project.write("src/main.rs", MAIN);
    // Saved in quick succession: the last one counts.
    for version in 0..20 {
        project.write("src/main.rs", &MAIN.replace("\"count", &format!("\"v{version}")));
    }
    while !session.ask("x").contains("v19") {
        session.applied();
    }
    assert!(session.seen.iter().all(|event| event["event"] != "build-failed"));
    // An editor that replaces the file by another.
    project.write("src/main.rs.new", &MAIN.replace("\"count", "\"renamed"));
    fs::rename(project.path("src/main.rs.new"), project.path("src/main.rs")).unwrap();
    while !session.ask("x").contains("renamed") {
        session.applied();
    }
    assert!(session.finish().success());
}

#[test]
fn another_socket_folder_is_found_when_the_usual_ones_cannot_be_used() {
    let project = Project::new(
        "robust_folder",
        "#[hotpatch::hotpatch] fn one() -> u32 { 1 } fn main() { println!(\"{}\", one()) }",
    );
    project.write("not-a-folder", "");
    let folder = project.path("not-a-folder");
    // rustc cannot link without temporary files.
    crate::scripts::built(&project, &[]);
    let output = project
        .hotpatch(&["run"])
        .env("XDG_RUNTIME_DIR", &folder)
        .env("TMPDIR", &folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "1\n");
}
