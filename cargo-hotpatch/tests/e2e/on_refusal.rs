//! The restart itself, and what else may follow on an edit that only a restart can take, where nobody is asked.

use crate::project::Project;
use crate::restarts::needs_restart;
use crate::scripts::MAIN;
use crate::session::Session;

#[test]
fn a_refused_edit_restarts_where_that_was_asked_for() {
    let main = MAIN.replace("count {count}", "count {count} {}\", cfg!(feature = \"loud\")");
    let main = main.replace("\"loud\")\")", "\"loud\"))");
    let project = Project::new("restarts_itself", &main);
    let mut session = Session::start(&project, &["--on-refusal", "restart"]);
    assert_eq!(session.ask("a"), "a count 1 false");
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        &format!("{manifest}\n[features]\ndefault = [\"loud\"]\nloud = []\n"),
    );
    needs_restart(&mut session, "HP0403", &["Cargo.toml"]);
    let restarting = session.event("restarting");
    assert_eq!(
        (restarting["reason"].as_str(), restarting["code"].as_str()),
        (Some("refusal"), Some("HP0403"))
    );
    assert_eq!(session.event("process-exited")["signal"], 15);
    session.event("process-attached");
    assert_eq!(session.ask("b"), "b count 1 true");
    project.edit("src/main.rs", "\"count", "\"COUNT");
    assert_eq!(session.applied(), ["restarts_itself::step"]);
    assert_eq!(session.ask("c"), "c COUNT 2 true");
    // A build that fails costs nothing.
    project.write("build.rs", "fn main() { panic!() }");
    needs_restart(&mut session, "HP0404", &["build.rs"]);
    session.event("build-failed");
    session.message("the program was not restarted: the build failed");
    assert_eq!(session.ask("d"), "d COUNT 3 true");
    std::fs::remove_file(project.path("build.rs")).unwrap();
    assert_eq!(session.outcome()["event"], "nothing-to-do");
    project.write("Cargo.toml", &manifest);
    needs_restart(&mut session, "HP0403", &["Cargo.toml"]);
    session.event("process-attached");
    assert_eq!(session.ask("e"), "e COUNT 1 false");
    assert!(session.finish().success());
}

#[test]
fn a_refused_edit_leaves_the_program_or_ends_the_tool() {
    let project = Project::new("restarts_exit", MAIN);
    let mut session = Session::start(&project, &["--on-refusal", "keep"]);
    project.edit("src/main.rs", "let mut count = 0;", "let mut count = 5;");
    assert_eq!(session.outcome()["code"], "HP0401");
    session.message("help: end the program and run the same command again; with `--on-refusal restart`");
    assert_eq!(session.ask("a"), "a count 1");
    assert!(session.finish().success());

    let mut session = Session::start(&project, &["--on-refusal", "exit"]);
    assert_eq!(session.ask("a"), "a count 6");
    project.edit("src/main.rs", "let mut count = 5;", "let mut count = 7;");
    assert_eq!(session.outcome()["code"], "HP0401");
    assert_eq!(session.event("process-exited")["signal"], 15);
    assert_eq!(session.wait().code(), Some(102));
}

#[test]
fn a_program_that_does_not_end_is_killed_with_its_children() {
    let main = MAIN.replace(
        "fn main() {",
        r#"unsafe extern "C" { fn signal(signal: i32, action: usize) -> usize; }
        fn main() {
            // SIGTERM, SIG_IGN
            unsafe { signal(15, 1) };
            if std::env::args().count() > 1 {
                hotpatch::call(|| step(&mut 0));
                loop { std::thread::park() }
            }
            std::process::Command::new(std::env::current_exe().unwrap()).arg("child").spawn().unwrap();"#,
    );
    let project = Project::new("restarts_stubborn", &main);
    let mut session = Session::start(&project, &["--on-refusal", "restart"]);
    session.event("process-attached");
    assert_eq!(session.ask("a"), "a count 1");
    let old: Vec<_> = session
        .seen
        .iter()
        .filter_map(|event| event["pid"].as_u64())
        .collect();
    assert_eq!(old.len(), 2);
    project.edit("src/main.rs", "let mut count = 0;", "let mut count = 7;");
    assert_eq!(session.event("restarting")["code"], "HP0401");
    assert_eq!(session.event("process-exited")["signal"], 9);
    for _ in 0..2 {
        session.event("process-attached");
    }
    assert_eq!(session.ask("b"), "b count 8");
    for pid in old {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
    }
}
