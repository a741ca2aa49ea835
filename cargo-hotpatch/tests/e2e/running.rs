//! What `run` owes to `cargo run`, and what it says when nothing of the program can be patched.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::project::{Project, text};
use crate::scripts::MAIN;
use crate::session::Session;

#[test]
fn run_behaves_like_cargo_run() {
    let main = r#"
        #[hotpatch::hotpatch]
        fn code() -> i32 { 7 }
        fn main() {
            let arguments: Vec<_> = std::env::args().skip(1).collect();
            println!("{arguments:?}");
            println!("{}", std::env::current_dir().unwrap().display());
            for name in ["CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_MANIFEST_DIR", "MINE"] {
                println!("{name}={}", std::env::var(name).unwrap_or_default());
            }
            println!("{:?}", std::env::var_os("CARGO_CRATE_NAME"));
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
            println!("{line}");
            std::process::exit(hotpatch::call(code));
        }
    "#;
    let project = Project::new("scripts_like_cargo", main);
    let run = |mut command: Command| {
        let folder = project.path("src");
        command
            .current_dir(folder)
            .env("MINE", "yes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "input").unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), text(&output.stdout))
    };
    let ours = run(project.hotpatch(&["run", "--", "one", "--two"]));
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        cargo.env_remove(name);
    }
    cargo
        .args(["run", "--", "one", "--two"])
        .env("CARGO_TARGET_DIR", crate::project::shared_target());
    let theirs = run(cargo);
    assert_eq!(ours.0, Some(7));
    assert_eq!(ours, theirs);
}

#[test]
fn a_program_that_does_not_use_hotpatch_gets_a_clear_message() {
    let project = Project::new(
        "scripts_without",
        "fn main() { let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap(); }",
    );
    project.edit("Cargo.toml", "hotpatch = {", "# hotpatch = {");
    let mut session = Session::start_unattached(&project, &[]);
    // At once, and again for every edit.
    session.message("warning[HP0107]");
    assert_eq!(session.outcome()["code"], "HP0107");
    for (from, to) in [("fn main() {", "fn main() { println!();"), ("println!();", "")] {
        project.edit("src/main.rs", from, to);
        session.event("change-detected");
        let outcome = session.outcome();
        assert_eq!(outcome["code"], "HP0107", "{outcome}");
    }
    session.finish();
}

#[test]
fn a_forgotten_attribute_gets_a_clear_message() {
    let project = Project::new(
        "scripts_forgotten",
        &MAIN
            .replace("#[hotpatch]", "")
            .replace("use hotpatch::hotpatch;", "")
            // What is given to `call` is hot, too.
            .replace("hotpatch::call(||", "("),
    );
    let mut session = Session::start_unattached(&project, &[]);
    session.message("warning[HP0107]");
    assert_eq!(session.ask("a"), "a count 1");
    assert!(session.finish().success());
    let output = project.output(&["doctor"]);
    assert!(
        text(&output.stdout).contains("HP0107"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn a_runner_is_not_used_and_the_user_is_told() {
    let project = Project::new(
        "scripts_runner",
        "fn main() { println!(\"{:?}\", std::env::args().skip(1).collect::<Vec<_>>()); }",
    );
    project.write(
        ".cargo/config.toml",
        "[target.x86_64-unknown-linux-gnu]\nrunner = \"false\"\n",
    );
    let output = project.output(&["run", "one", "--two"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("warning: `target.x86_64-unknown-linux-gnu.runner` is not used"),
        "{said}"
    );
    assert!(said.contains("scripts_runner one --two`"), "{said}");
    assert_eq!(text(&output.stdout), "[\"one\", \"--two\"]\n");
}
