//! In a terminal: keys, the question after a refused edit, and whose the input is.

use std::os::unix::process::ExitStatusExt;

use crate::project::Project;
use crate::pty::{Modes, Terminal};
use crate::session::{Session, signal_process};

/// Prints all the time and reads nothing.
const CLOCK: &str = r#"
use hotpatch::hotpatch;

struct Clock { ticks: u32 }

#[hotpatch]
fn tick(clock: &mut Clock) -> String {
    clock.ticks += 1;
    format!("tick {}", clock.ticks)
}

fn main() {
    let mut clock = Clock { ticks: 0 };
    loop {
        println!("{}", hotpatch::call(|| tick(&mut clock)));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
"#;

/// Answers what is typed.
const ECHO: &str = r#"
use hotpatch::hotpatch;

#[hotpatch]
fn answer(line: &str) -> String { format!("got {line}") }

fn main() {
    /*before*/
    for line in std::io::stdin().lines() {
        println!("{}", hotpatch::call(|| answer(&line.unwrap())));
    }
    println!("end of input");
    /*after*/
}
"#;

fn started(name: &str, main: &str, arguments: &[&str]) -> (Project, Terminal, Session) {
    let project = Project::new(name, main);
    let terminal = Terminal::new();
    let session = terminal.start(&project, arguments);
    (project, terminal, session)
}

/// Each edit makes the struct larger, which live memory does not allow.
fn refused_edit(project: &Project, session: &mut Session, number: u32) {
    let main = project.read("src/main.rs");
    let (before, after) = main.split_once("ticks: u32").unwrap();
    let (_, after) = after.split_once(" }").unwrap();
    let main = format!("{before}ticks: u32, more: [u64; {number}] }}{after}");
    let (before, after) = main.split_once("Clock { ticks: 0").unwrap();
    let (_, after) = after.split_once(" }").unwrap();
    project.write(
        "src/main.rs",
        &format!("{before}Clock {{ ticks: 0, more: [0; {number}] }}{after}"),
    );
    assert_eq!(session.outcome()["code"], "HP0203");
}

fn restarted(session: &mut Session) {
    assert_eq!(session.event("process-exited")["signal"], 15);
    session.event("process-attached");
}

#[test]
fn keys_show_go_back_restart_and_quit() {
    let (project, mut terminal, mut session) = started("terminal_keys", CLOCK, &[]);
    terminal.shows("Keys");
    terminal.shows("r restart, b back");
    terminal.becomes(Modes::Keys);
    terminal.types("u");
    terminal.shows("error[HP0606]");
    assert_eq!(session.outcome()["code"], "HP0606");
    project.edit("src/main.rs", "\"tick", "\"TICK");
    assert_eq!(session.applied(), ["terminal_keys::tick"]);
    session.line_with("TICK ");
    terminal.types("s\n");
    terminal.shows("generation 1, 1 hot function, 1 of them patched: terminal_keys::tick");
    terminal.shows("applied: terminal_keys::tick");

    // The name that going back had before.
    terminal.types("u");
    let undone = session.event("undone");
    assert_eq!(
        (undone["generation"].as_u64(), undone["functions"][0].as_str()),
        (Some(2), Some("terminal_keys::tick"))
    );
    let count = |line: String| line.rsplit(' ').next().unwrap().parse::<u32>().unwrap();
    // The state goes on.
    assert!(count(session.line_with("tick ")) > 1);
    terminal.shows("the sources are ahead");
    terminal.types("b");
    assert_eq!(session.outcome()["code"], "HP0606");
    terminal.types("s");
    terminal.shows("generation 2, 1 hot function, none of them patched");
    // Another edit of the file brings back what it still holds.
    project.edit("src/main.rs", "ticks += 1", "ticks += 2");
    session.applied();
    session.line_with("TICK ");

    terminal.types("r");
    let restarting = session.event("restarting");
    assert_eq!(
        (restarting["reason"].as_str(), &restarting["code"]),
        (Some("key"), &serde_json::Value::Null)
    );
    restarted(&mut session);
    session.line_with("TICK 2");
    project.edit("src/main.rs", "\"TICK", "\"Tick");
    session.applied();
    session.line_with("Tick ");
    terminal.becomes(Modes::Keys);
    terminal.types("?");
    terminal.shows("q quit");
    terminal.types("q");
    assert_eq!(session.event("process-exited")["signal"], 2);
    assert_eq!(session.wait().signal(), Some(2));
    assert_eq!(terminal.modes(), Modes::Lines);
}

#[test]
fn a_refused_edit_asks_whether_to_restart() {
    let (project, mut terminal, mut session) = started("terminal_asks", CLOCK, &[]);
    terminal.shows("Keys");
    refused_edit(&project, &mut session, 1);
    terminal.shows("help: press `r` to restart");
    terminal.shows("restart? [y]es / [n]o / [a]lways / ne[v]er ");
    terminal.types("n");
    terminal.shows("no\r\n");
    // A question that the next save answers.
    refused_edit(&project, &mut session, 2);
    terminal.shows("restart?");
    project.write("src/main.rs", &CLOCK.replace("\"tick", "\"TICK"));
    session.applied();
    session.line_with("TICK ");
    terminal.types("y");
    refused_edit(&project, &mut session, 3);
    terminal.shows("restart?");
    terminal.types("Y\n");
    terminal.shows("yes\r\n");
    let restarting = session.event("restarting");
    assert_eq!(
        (restarting["reason"].as_str(), restarting["code"].as_str()),
        (Some("refusal"), Some("HP0203"))
    );
    restarted(&mut session);
    session.line_with("TICK 1");
    terminal.becomes(Modes::Keys);
    refused_edit(&project, &mut session, 4);
    terminal.shows("restart?");
    terminal.types("a");
    terminal.shows("always\r\n");
    restarted(&mut session);
    // Nobody is asked any more.
    refused_edit(&project, &mut session, 5);
    restarted(&mut session);
    let restarts = session.seen.iter().filter(|event| event["event"] == "restarting");
    assert_eq!(restarts.count(), 3);
    // Sources that do not compile cost nothing.
    project.write("build.rs", "fn main() { panic!() }");
    assert_eq!(session.outcome()["event"], "restart-needed");
    session.event("build-failed");
    terminal.shows("the program was not restarted: the build failed");
    session.line_with("TICK ");
    terminal.becomes(Modes::Keys);
    session.signal("TERM");
    assert_eq!(session.wait().signal(), Some(15));
    assert_eq!(terminal.modes(), Modes::Lines);
}

#[test]
fn never_is_the_last_question_and_ctrl_c_is_as_ever() {
    let (project, mut terminal, mut session) = started("terminal_never", CLOCK, &[]);
    terminal.shows("Keys");
    refused_edit(&project, &mut session, 1);
    terminal.shows("restart?");
    terminal.types("v");
    terminal.shows("never\r\n");
    refused_edit(&project, &mut session, 2);
    terminal.types("s");
    let shown = terminal.shows("Last edit");
    assert!(!shown.contains("restart?"), "{shown}");
    // Ctrl-Z gives the terminal back until the tool goes on.
    terminal.becomes(Modes::Keys);
    terminal.types("\x1a");
    session.wait_for_state('T');
    assert_eq!(terminal.modes(), Modes::Lines);
    signal_process(session.pid(), "CONT");
    terminal.becomes(Modes::Keys);
    terminal.types("\x03");
    assert_eq!(session.wait().signal(), Some(2));
    assert_eq!(terminal.modes(), Modes::Lines);
}

#[test]
fn the_input_belongs_to_a_program_that_reads_it() {
    let (project, mut terminal, mut session) = started("terminal_reads", ECHO, &[]);
    terminal.shows("Keys off: the program reads the terminal");
    assert_eq!(terminal.modes(), Modes::Lines);
    for line in ["q", "one", "r", "quit"] {
        terminal.types(&format!("{line}\n"));
        assert_eq!(session.line(), format!("got {line}"));
        terminal.shows(&format!("{line}\r\n"));
    }
    project.edit("src/main.rs", "\"end of input\"", "\"END\"");
    assert_eq!(session.outcome()["code"], "HP0401");
    terminal.shows("with `--keys` it can be restarted by a key");
    terminal.types("n\n");
    assert_eq!(session.line(), "got n");
    assert!(!terminal.text().contains("restart?"));
    terminal.types("\x04");
    assert_eq!(session.line(), "end of input");
    assert!(session.wait().success());
}

#[test]
fn the_terminal_goes_to_a_program_that_begins_to_read_it() {
    let before = r#"while !std::path::Path::new("go").exists() { std::thread::sleep(std::time::Duration::from_millis(20)) }"#;
    let main = ECHO.replace("/*before*/", before);
    let (project, mut terminal, mut session) = started("terminal_later", &main, &[]);
    terminal.shows("r restart");
    terminal.becomes(Modes::Keys);
    project.write("go", "");
    terminal.shows("Keys off: the program reads the terminal");
    assert_eq!(terminal.modes(), Modes::Lines);
    for line in ["q", "two"] {
        terminal.types(&format!("{line}\n"));
        assert_eq!(session.line(), format!("got {line}"));
        terminal.shows(&format!("{line}\r\n"));
    }
    terminal.types("\x04");
    assert_eq!(session.line(), "end of input");
    assert!(session.wait().success());
}

#[test]
fn keys_can_be_taken_from_the_program_or_left_to_it() {
    let main = ECHO.replace("/*after*/", "loop { std::thread::park() }");
    let (_project, mut terminal, mut session) = started("terminal_flags", &main, &["--keys"]);
    assert_eq!(session.line(), "end of input");
    terminal.shows("Keys");
    terminal.becomes(Modes::Keys);
    terminal.types("q");
    assert_eq!(session.wait().signal(), Some(2));
    assert_eq!(terminal.modes(), Modes::Lines);

    let (_project, mut terminal, mut session) = started("terminal_flags", ECHO, &["--no-keys"]);
    terminal.types("q\n");
    assert_eq!(session.line(), "got q");
    terminal.types("\x04");
    assert_eq!(session.line(), "end of input");
    assert!(session.wait().success());
    assert!(!terminal.text().contains("Keys"), "{}", terminal.text());
}

#[test]
fn a_program_that_takes_over_the_terminal_keeps_it() {
    let raw = r#"while !std::path::Path::new("go").exists() { std::thread::sleep(std::time::Duration::from_millis(20)) }
        assert!(std::process::Command::new("stty").args(["raw", "-echo"]).status().unwrap().success());
        std::fs::write("raw", "").unwrap();
        while !std::path::Path::new("end").exists() { std::thread::sleep(std::time::Duration::from_millis(20)) }
        if std::fs::read_to_string("end").unwrap() == "crash" { std::process::abort() }
        return;"#;
    let main = ECHO.replace("/*before*/", raw);
    let (project, mut terminal, mut session) = started("terminal_raw", &main, &[]);
    terminal.shows("r restart");
    terminal.becomes(Modes::Keys);
    project.write("go", "");
    terminal.shows("another program has changed the mode of the terminal");
    assert_eq!(terminal.modes(), Modes::Raw);
    project.write("end", "exit");
    assert!(session.wait().success());
    assert_eq!(terminal.modes(), Modes::Lines);
}

#[test]
fn a_crash_leaves_the_keys() {
    let main = CLOCK.replace(
        "clock.ticks += 1;",
        "clock.ticks += 1; if std::fs::remove_file(\"crash\").is_ok() { std::process::abort() }",
    );
    let (project, mut terminal, mut session) = started("terminal_crash", &main, &[]);
    terminal.shows("r restart");
    project.write("crash", "");
    assert_eq!(session.event("process-exited")["signal"], 6);
    terminal.shows("for the next save or `r`");
    terminal.types("r");
    session.event("process-attached");
    project.edit("src/main.rs", "\"tick", "\"TICK");
    session.applied();
    session.line_with("TICK ");
    terminal.becomes(Modes::Keys);
    project.write("crash", "");
    terminal.shows("for the next save or `r`");
    terminal.types("q");
    assert_eq!(session.wait().signal(), Some(2));
    assert_eq!(terminal.modes(), Modes::Lines);
}
