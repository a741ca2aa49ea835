//! The edited file may belong to any workspace crate of the program; the rest of the tree is left alone.

use crate::project::{Project, manifest};
use crate::session::Session;

const MAIN: &str = r#"
use hotpatch::hotpatch;

include!(concat!(env!("OUT_DIR"), "/made.rs"));

#[hotpatch]
fn step() -> String {
    let answer = makers::answer!();
    format!("{} {} {answer} {MADE} {}", near::near(), far::far(), near::hot(1))
}

fn main() {
    for line in std::io::stdin().lines() {
        println!("{} {}", line.unwrap(), hotpatch::call(step));
    }
}
"#;

fn project(name: &str) -> Project {
    let project = Project::empty(name);
    let members = "near = { path = \"near\", features = [\"loud\"] }\nfar = { path = \"far\" }\n\
                   makers = { path = \"makers\" }\n\n[workspace]\nmembers = [\"near\", \"far\", \"makers\"]\n";
    project.write("Cargo.toml", &manifest(name, members));
    project.write("src/main.rs", MAIN);
    project.write(
        "build.rs",
        "fn main() { let out = std::env::var(\"OUT_DIR\").unwrap();\n\
         std::fs::write(out + \"/made.rs\", \"const MADE: u32 = 5;\").unwrap();\n\
         println!(\"cargo::rerun-if-changed=build.rs\"); }",
    );
    project.write(
        "near/Cargo.toml",
        &manifest("near", "far = { path = \"../far\" }\n\n[features]\nloud = []\n"),
    );
    project.write(
        "near/src/lib.rs",
        "pub fn near() -> String { format!(\"near({}{})\", far::far(), if cfg!(feature = \"loud\") { \"!\" } else { \
         \"\" }) }\n#[hotpatch::hotpatch]\npub fn hot(n: u32) -> String { format!(\"hot{n}\") }\n",
    );
    project.write(
        "far/Cargo.toml",
        "[package]\nname = \"far\"\nversion = \"0.1.0\"\nedition = \"2018\"\n",
    );
    project.write(
        "far/src/lib.rs",
        "mod inner;\npub fn far() -> &'static str { inner::text() }\n",
    );
    project.write(
        "far/src/inner.rs",
        "pub fn text() -> &'static str { include_str!(\"text.txt\") }\n",
    );
    project.write("far/src/text.txt", "far");
    project.write(
        "makers/Cargo.toml",
        "[package]\nname = \"makers\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n",
    );
    project.write(
        "makers/src/lib.rs",
        "#[proc_macro]\npub fn answer(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"42\".parse().unwrap() \
         }\n",
    );
    project
}

fn every_crate_can_be_edited(name: &str, arguments: &[&str]) {
    let project = project(name);
    let mut session = Session::start(&project, arguments);
    assert_eq!(session.ask("a"), "a near(far!) far 42 5 hot1");
    let step = format!("{name}::step");

    project.edit("src/main.rs", "\"{} {} {answer}", "\"{}, {}, {answer}");
    assert_eq!(session.applied(), [step.as_str()]);
    assert_eq!(session.ask("b"), "b near(far!), far, 42 5 hot1");

    project.edit("near/src/lib.rs", "\"near(", "\"NEAR(");
    assert_eq!(session.applied(), [step.as_str()]);
    assert_eq!(session.ask("c"), "c NEAR(far!), far, 42 5 hot1");

    project.edit("near/src/lib.rs", "\"hot{n}\"", "\"HOT{n}\"");
    assert_eq!(session.applied(), ["near::hot"]);
    assert_eq!(session.ask("d"), "d NEAR(far!), far, 42 5 HOT1");

    // A file that is included as text, in a crate that is reached directly and through another.
    project.write("far/src/text.txt", "FAR");
    assert_eq!(session.applied(), [step.as_str()]);
    assert_eq!(session.ask("e"), "e NEAR(FAR!), FAR, 42 5 HOT1");

    // A new module file.
    project.write(
        "near/src/extra.rs",
        "pub fn extra() -> &'static str { \"extra\" }\n",
    );
    project.edit(
        "near/src/lib.rs",
        "pub fn near() -> String { format!(\"NEAR(",
        "mod extra;\npub fn near() -> String { format!(\"N(",
    );
    project.edit("near/src/lib.rs", "far::far(), if", "extra::extra(), if");
    while session.applied() != [step.as_str()] {}
    let mut answer = session.ask("f");
    if answer != "f N(extra!), FAR, 42 5 HOT1" {
        session.applied();
        answer = session.ask("f");
    }
    assert_eq!(answer, "f N(extra!), FAR, 42 5 HOT1");

    for (path, from, to, code) in [
        ("build.rs", "= 5", "= 6", "HP0404"),
        ("makers/src/lib.rs", "42", "43", "HP0404"),
        ("near/Cargo.toml", "2024", "2021", "HP0403"),
    ] {
        project.edit(path, from, to);
        let outcome = session.outcome();
        assert_eq!(
            (outcome["event"].as_str(), outcome["code"].as_str()),
            (Some("restart-needed"), Some(code))
        );
        assert_eq!(session.ask("g"), "g N(extra!), FAR, 42 5 HOT1");
    }
    assert!(session.finish().success());
}

#[test]
fn every_crate_of_a_workspace_can_be_edited_in_a_debug_build() {
    every_crate_can_be_edited("workspace_debug", &[]);
}

#[test]
fn every_crate_of_a_workspace_can_be_edited_in_a_release_build() {
    every_crate_can_be_edited("workspace_release", &["--release"]);
}

/// Flags of the wrapper would show up in the captured arguments of a build script or a proc macro.
#[test]
fn build_scripts_and_proc_macros_get_no_extra_flags() {
    let project = project("workspace_flags");
    let target = project.path("target");
    let output = project
        .hotpatch(&["build", "--target-dir", target.to_str().unwrap()])
        .env("RUSTC", shim_rustc(&project))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        crate::project::text(&output.stderr)
    );
    let log = project.read("rustc.log");
    let line = |name: &str| {
        log.lines()
            .find(|line| line.contains(&format!("--crate-name {name} ")))
            .unwrap_or_else(|| panic!("{name}"))
    };
    assert!(line("near").contains("code-model=medium"));
    assert!(line("workspace_flags").contains("code-model=medium"));
    for host in ["makers", "build_script_build"] {
        assert!(!line(host).contains("code-model"), "{}", line(host));
    }
}

/// A rustc that writes down its arguments.
fn shim_rustc(project: &Project) -> std::path::PathBuf {
    let log = project.path("rustc.log");
    project.write(
        "rustc.sh",
        &format!("#!/bin/sh\necho \"$@\" >> {}\nexec rustc \"$@\"\n", log.display()),
    );
    let path = project.path("rustc.sh");
    std::process::Command::new("chmod")
        .arg("+x")
        .arg(&path)
        .status()
        .unwrap();
    path
}

#[test]
fn an_edit_of_our_own_crates_needs_a_restart() {
    let project = Project::empty("workspace_own");
    let repository = crate::project::repository();
    for part in [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "examples",
        "hotpatch-abi",
        "hotpatch-macros",
        "hotpatch-runtime",
        "hotpatch-link",
        "hotpatch-module",
        "cargo-hotpatch",
    ] {
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .arg(repository.join(part))
            .arg(project.path(""))
            .status();
        assert!(copied.unwrap().success());
    }
    let mut session = Session::start(&project, &["--example", "counter"]);
    assert_eq!(session.line(), "the count is 1");
    for path in ["hotpatch-runtime/src/scope.rs", "hotpatch-macros/src/lib.rs"] {
        project.write(path, &(project.read(path) + "\n// An edit.\n"));
        let outcome = session.outcome();
        assert_eq!(
            (outcome["event"].as_str(), outcome["code"].as_str()),
            (Some("restart-needed"), Some("HP0402"))
        );
    }
    project.edit("examples/counter.rs", "the count is {count}", "still counting");
    assert_eq!(session.applied(), ["counter::step"]);
}
