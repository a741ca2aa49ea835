//! Refusals that no edit of the sources leads to.

use crate::project::{Project, text};
use crate::scripts::{MAIN, built};
use crate::session::{Session, signal_process};

#[test]
fn another_platform_is_refused_before_anything_is_built() {
    let project = Project::new("codes_platform", MAIN);
    project.write(
        ".cargo/config.toml",
        "[build]\ntarget = \"aarch64-unknown-linux-gnu\"\n",
    );
    let output = project.output(&["build"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(101), "{said}");
    assert!(
        said.contains("error[HP0101]") && !said.contains("Compiling"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_linked_is_refused_and_the_next_try_works() {
    let project = Project::new("codes_link", MAIN);
    built(&project, &[]);
    project.edit("src/main.rs", "\"count", "\"COUNT");
    std::fs::create_dir(project.path("new.o")).unwrap();
    let patch = || project.output(&["patch", "-o", "new.hotpatch"]);
    let output = patch();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(101), "{said}");
    assert!(
        said.contains("error[HP0108]: cannot write") && said.contains("new.o"),
        "{said}"
    );
    std::fs::remove_dir(project.path("new.o")).unwrap();
    assert!(patch().status.success());
}

#[test]
fn a_program_that_ends_before_it_answers_took_nothing() {
    let project = Project::new("codes_answer", MAIN);
    let mut session = Session::start(&project, &[]);
    let pid = session.seen.iter().find_map(|event| event["pid"].as_u64());
    let pid = u32::try_from(pid.unwrap()).unwrap();
    // It cannot answer, whenever the offer comes.
    signal_process(pid, "STOP");
    project.edit("src/main.rs", "\"count", "\"COUNT");
    session.event("change-detected");
    signal_process(pid, "KILL");
    let outcome = session.outcome();
    assert_eq!(
        (outcome["event"].as_str(), outcome["code"].as_str()),
        (Some("refused"), Some("HP0604")),
        "{outcome}"
    );
}
