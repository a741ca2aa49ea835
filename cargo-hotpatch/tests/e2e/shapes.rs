//! Packages of every shape: whatever cargo makes one program of can be edited.

use std::fs;

use crate::project::{Project, repository, text};
use crate::session::Session;

/// An edit of one file, and what the program answers then instead of `from`.
type Step<'a> = (&'a str, &'a str, &'a str);

const MAIN: &str = r#"
use hp::hotpatch;

#[hotpatch(crate = hp)]
fn step(count: &mut u64) -> String {
    *count += 1;
    format!("{count} program {} {} {} {} {} {}", core_lib::hot(), engine::plain(), old_one::hot(), near::near(),
        util::hot(), newer_util::hot())
}

fn main() {
    let mut count = 0;
    for line in std::io::stdin().lines() {
        println!("{} {}", line.unwrap(), hp::call(|| step(&mut count)));
    }
}
"#;

/// A crate with a hot function and one that is not; `title` stands in the answers of both.
fn library(title: &str) -> String {
    format!(
        "static CALLS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);\n\
         #[hotpatch::hotpatch]\npub fn hot() -> String {{ format!(\"{title}{{}}\", \
         CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) / 1000) }}\n\
         pub fn plain() -> &'static str {{ \"{title}\" }}\n"
    )
}

/// A workspace without a package at its root. `app` has a library of another name that is also a C library, two programs
/// and an example. It uses a dylib, a crate of the first edition, crates outside the workspace that use each other, and
/// one crate in two versions.
fn project(name: &str) -> Project {
    let project = Project::empty(name);
    let hotpatch = repository().display();
    let package =
        |name: &str, rest: &str| format!("[package]\nname = \"{name}\"\nversion.workspace = true\n{rest}\n");
    let outside = |name: &str, version: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n{rest}\n")
    };
    project.write(
        "work/Cargo.toml",
        &format!(
            "[workspace]\nmembers = [\"app\", \"engine\", \"old\", \"util\"]\ndefault-members = [\"app\"]\n\
             resolver = \"2\"\n[workspace.package]\nversion = \"1.2.3\"\n[workspace.dependencies]\n\
             hotpatch = {{ path = \"{hotpatch}\" }}\n[profile.shape]\ninherits = \"release\"\n\
             debug-assertions = true\noverflow-checks = true\n[profile.shape.package.\"*\"]\nopt-level = 1\n"
        ),
    );
    project.write(
        "work/app/Cargo.toml",
        &package(
            "the-app",
            &format!(
                "edition = \"2018\"\nautobins = false\ndefault-run = \"first-one\"\n[lib]\nname = \"core_lib\"\n\
                 path = \"library/core.rs\"\ncrate-type = [\"lib\", \"cdylib\", \"staticlib\"]\n\
                 [[bin]]\nname = \"first-one\"\npath = \"programs/one.rs\"\n[[bin]]\nname = \"second-one\"\n\
                 path = \"programs/two.rs\"\n[dependencies]\nhp = {{ package = \"hotpatch\", path = \"{hotpatch}\" }}\n\
                 engine = {{ package = \"the-engine\", path = \"../engine\" }}\nutil = {{ path = \"../util\" }}\n\
                 newer_util = {{ package = \"util\", path = \"../../outside/util\" }}\n\
                 [target.'cfg(unix)'.dependencies]\nold_one = {{ path = \"../old\" }}\n\
                 near = {{ path = \"../../outside/near\" }}\n"
            ),
        ),
    );
    project.write(
        "work/app/library/core.rs",
        &library("core").replace("#[hotpatch::hotpatch]", "#[hp::hotpatch(crate = hp)]"),
    );
    for program in ["programs/one.rs", "programs/two.rs", "examples/show.rs"] {
        project.write(&format!("work/app/{program}"), MAIN);
    }
    let inherited = "[dependencies]\nhotpatch.workspace = true\n";
    project.write(
        "work/engine/Cargo.toml",
        &package(
            "the-engine",
            &format!("edition = \"2024\"\n[lib]\ncrate-type = [\"dylib\"]\n{inherited}"),
        ),
    );
    project.write("work/engine/src/lib.rs", &library("engine"));
    project.write("work/old/Cargo.toml", &package("old_one", inherited));
    project.write(
        "work/old/src/lib.rs",
        &("extern crate hotpatch;\n".to_owned() + &library("old")),
    );
    project.write(
        "work/util/Cargo.toml",
        &package("util", &format!("edition = \"2021\"\n{inherited}")),
    );
    project.write("work/util/src/lib.rs", &library("util"));
    let dependency = format!("[dependencies]\nhotpatch = {{ path = \"{hotpatch}\" }}");
    project.write("outside/util/Cargo.toml", &outside("util", "2.0.0", &dependency));
    project.write("outside/util/src/lib.rs", &library("newer"));
    project.write(
        "outside/near/Cargo.toml",
        &outside("near", "0.1.0", "[dependencies]\ndeep = { path = \"../deep\" }"),
    );
    project.write(
        "outside/near/src/lib.rs",
        "pub fn near() -> &'static str { deep::deep() }\n",
    );
    project.write("outside/deep/Cargo.toml", &outside("deep", "0.1.0", ""));
    project.write(
        "outside/deep/src/lib.rs",
        "pub fn deep() -> &'static str { \"deep\" }\n",
    );
    project
}

/// Makes each edit, takes it back, and watches the answers: state is kept, and only what was edited changes.
fn edited(session: &mut Session, project: &Project, steps: &[Step<'_>]) {
    const ANSWER: &str = "program core0 engine old0 deep util0 newer0";
    let mut count = 0;
    let mut check = |session: &mut Session, expected: &str| {
        count += 1;
        assert_eq!(session.ask("x"), format!("x {count} {expected}"));
    };
    check(session, ANSWER);
    for (path, from, to) in steps {
        project.edit(path, &format!("\"{from}"), &format!("\"{to}"));
        session.applied();
        check(session, &ANSWER.replace(from, to));
        project.edit(path, &format!("\"{to}"), &format!("\"{from}"));
        session.applied();
        check(session, ANSWER);
    }
}

#[test]
fn every_crate_of_a_program_of_many_shapes_can_be_edited() {
    let project = project("shapes");
    let work = Project::at(project.path("work"));
    project.edit("work/app/programs/one.rs", "{count} program", "{count} {}");
    project.edit(
        "work/app/programs/one.rs",
        "core_lib::hot(),",
        "\"program\", core_lib::hot(),",
    );
    let mut session = Session::start(&work, &[]);
    let steps = [
        ("work/app/programs/one.rs", "program", "PROGRAM"),
        ("work/app/library/core.rs", "core", "CORE"),
        ("work/engine/src/lib.rs", "engine", "ENGINE"),
        ("work/old/src/lib.rs", "old", "OLD"),
        ("work/util/src/lib.rs", "util", "UTIL"),
        ("outside/util/src/lib.rs", "newer", "NEWER"),
        ("outside/deep/src/lib.rs", "deep", "DEEP"),
    ];
    edited(&mut session, &project, &steps);
    assert!(session.finish().success());

    // Files that cargo names without a hash are other ones under another profile.
    let app = Project::at(project.path("work/app"));
    let arguments = [
        "--profile",
        "shape",
        "--example",
        "show",
        "--target",
        "x86_64-unknown-linux-gnu",
    ];
    let mut session = Session::start(&app, &arguments);
    let steps = [
        ("work/app/library/core.rs", "core", "CORE"),
        ("work/engine/src/lib.rs", "engine", "ENGINE"),
        ("outside/deep/src/lib.rs", "deep", "DEEP"),
    ];
    edited(&mut session, &project, &steps);
    assert!(session.finish().success());

    let arguments = [
        "-p",
        "the-app",
        "--bin",
        "second-one",
        "--offline",
        "--config",
        "build.jobs=1",
    ];
    let mut session = Session::start(&work, &arguments);
    edited(
        &mut session,
        &project,
        &[("work/engine/src/lib.rs", "engine", "ENGINE")],
    );
    assert!(session.finish().success());
    let doctor = text(&work.output(&["doctor"]).stdout);
    assert!(doctor.contains("`the_engine` is a `dylib`"), "{doctor}");
}

#[test]
fn crates_that_cannot_be_told_from_those_of_a_registry_say_so() {
    let project = project("shapes_silent");
    let work = Project::at(project.path("work"));
    let mut session = Session::start_with(&work, &[], &[("RUSTFLAGS", "--cap-lints=warn")]);
    project.edit("outside/deep/src/lib.rs", "deep\"", "DEEP\"");
    let outcome = session.outcome();
    let messages = session.messages();
    assert_eq!(outcome["code"], "HP0406", "{:#?}\n{messages}", session.seen);
    session.message("without `--cap-lints`");
    project.edit("outside/deep/src/lib.rs", "DEEP\"", "deep\"");
    assert_eq!(session.outcome()["event"], "nothing-to-do");
    project.edit("work/util/src/lib.rs", "\"util", "\"UTIL");
    session.applied();
    assert_eq!(
        session.ask("x"),
        "x 1 program core0 engine old0 deep UTIL0 newer0"
    );
    assert!(session.finish().success());
}

#[test]
fn links_and_read_only_sources_are_no_obstacle() {
    let project = Project::new("shapes_paths", crate::scripts::MAIN);
    // A folder with spaces and letters of other scripts, reached through a link, with sources behind links and a target
    // folder that is one.
    let real = project.path("with space ünï");
    fs::create_dir(&real).unwrap();
    fs::create_dir(project.path("built here")).unwrap();
    fs::rename(project.path("src"), project.path("sources")).unwrap();
    fs::rename(project.path("sources/main.rs"), project.path("main file.rs")).unwrap();
    std::os::unix::fs::symlink("../main file.rs", project.path("sources/main.rs")).unwrap();
    fs::rename(project.path("Cargo.toml"), real.join("Cargo.toml")).unwrap();
    std::os::unix::fs::symlink("../sources", real.join("src")).unwrap();
    std::os::unix::fs::symlink("../built here", real.join("target")).unwrap();
    std::os::unix::fs::symlink(&real, project.path("link")).unwrap();
    let linked = Project::at(project.path("link"));
    // What cargo writes is there before nobody may write any more.
    crate::scripts::built(&linked, &[]);
    let writable = |yes: bool| {
        let mode = if yes { "u+w" } else { "a-w" };
        let chmod = std::process::Command::new("chmod").arg(mode).arg(&real).status();
        assert!(chmod.unwrap().success());
    };
    writable(false);
    let mut session = Session::start_in(&linked, &project, &["--target-dir", "target"]);
    assert_eq!(session.ask("a"), "a count 1");
    project.edit("main file.rs", "\"count", "\"COUNT");
    session.applied();
    assert_eq!(session.ask("b"), "b COUNT 2");
    project.edit("link/src/main.rs", "\"COUNT", "\"count");
    session.applied();
    assert_eq!(session.ask("c"), "c count 3");
    assert!(session.finish().success());
    writable(true);
}
