//! Edits that decide what cargo builds need a restart; taking them back does not.

use crate::project::Project;
use crate::scripts::MAIN;
use crate::session::Session;

fn needs_restart(session: &mut Session, file: &str) {
    let outcome = session.outcome();
    assert_eq!(
        (outcome["event"].as_str(), outcome["code"].as_str()),
        (Some("restart-needed"), Some("HP0403")),
        "{outcome}"
    );
    let message = outcome["message"].as_str().unwrap();
    assert!(
        message.contains(file) && message.contains("changed: it decides what cargo builds"),
        "{message}"
    );
}

#[test]
fn a_manifest_that_is_taken_back_needs_no_restart() {
    let project = Project::new("restarts_back", MAIN);
    let mut session = Session::start(&project, &[]);
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        &format!("{manifest}\n[package.metadata.note]\nnew = true\n"),
    );
    needs_restart(&mut session, "Cargo.toml");
    project.write("Cargo.toml", &manifest);
    assert_eq!(session.outcome()["event"], "nothing-to-do");
    project.edit("src/main.rs", "\"count", "\"COUNT");
    assert_eq!(session.applied(), ["restarts_back::step"]);
    assert_eq!(session.ask("a"), "a COUNT 1");
    assert!(session.finish().success());
}

#[test]
fn new_files_that_decide_what_is_built_need_a_restart() {
    let project = Project::new("restarts_new", MAIN);
    let mut session = Session::start(&project, &[]);
    for (path, text) in [
        ("build.rs", "fn main() {}\n"),
        (".cargo/config.toml", "[build]\njobs = 1\n"),
    ] {
        project.write(path, text);
        needs_restart(&mut session, path);
        std::fs::remove_file(project.path(path)).unwrap();
        assert_eq!(session.outcome()["event"], "nothing-to-do", "{path}");
    }
    project.edit("src/main.rs", "\"count", "\"COUNT");
    assert_eq!(session.applied(), ["restarts_new::step"]);
    assert!(session.finish().success());
}
