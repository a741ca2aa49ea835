//! Edits that need a build of another kind are answered with a restart; taking them back is enough to go on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::project::{Project, manifest, text};
use crate::scripts::{MAIN, built};
use crate::session::Session;

/// The next outcome is a restart with this code, for a reason with these words.
pub(crate) fn needs_restart(session: &mut Session, code: &str, words: &[&str]) {
    let outcome = session.outcome();
    assert_eq!(
        (outcome["event"].as_str(), outcome["code"].as_str()),
        (Some("restart-needed"), Some(code)),
        "{words:?}: {outcome}"
    );
    let message = outcome["message"].as_str().unwrap();
    for word in words {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
}

fn nothing_to_do(session: &mut Session, what: &str) {
    let outcome = session.outcome();
    assert_eq!(outcome["event"], "nothing-to-do", "{what}: {outcome}");
}

#[test]
fn edits_wait_for_the_restart_and_go_on_when_the_manifest_is_taken_back() {
    let project = Project::new("restarts_back", MAIN);
    let mut session = Session::start(&project, &[]);
    let manifest = project.read("Cargo.toml");
    let with = |more: &str| project.write("Cargo.toml", &format!("{manifest}\n{more}\n"));

    // What cannot make a difference.
    for more in [
        "# A comment.",
        "[package.metadata.note]\nnew = true",
        "[profile.release]\nopt-level = 1",
    ] {
        with(more);
        nothing_to_do(&mut session, more);
    }

    // The sources would be compiled in another way now: they wait.
    with("[profile.dev]\nopt-level = 1");
    needs_restart(
        &mut session,
        "HP0403",
        &["`Cargo.toml`", "`opt-level` of profile `dev`: unset -> 1"],
    );
    project.edit("src/main.rs", "\"count", "\"COUNT");
    needs_restart(
        &mut session,
        "HP0403",
        &["`opt-level` of profile `dev`: unset -> 1"],
    );
    session.message("the edit of `src/main.rs` waits for that build");
    assert_eq!(session.ask("a"), "a count 1");
    project.write("Cargo.toml", &manifest);
    assert_eq!(session.applied(), ["restarts_back::step"]);
    assert_eq!(session.ask("b"), "b COUNT 2");

    // Saved together: one answer, or two with the same reason where the saves lie far apart.
    with("[features]\ndefault = []");
    project.edit("src/main.rs", "\"COUNT", "\"Count");
    needs_restart(&mut session, "HP0403", &["feature `default` is new"]);
    session.message("the edit of `src/main.rs` waits for that build");
    project.write("Cargo.toml", &manifest);
    while session.outcome()["event"] != "applied" {}
    assert_eq!(session.ask("c"), "c Count 3");

    // Cargo itself says what is wrong with a manifest.
    for (more, says) in [
        ("[oops", "unclosed table"),
        ("[features]\nfast = ['none']", "feature `fast` includes `none`"),
    ] {
        with(more);
        assert_eq!(session.outcome()["event"], "build-failed");
        session.message(says);
    }
    project.edit("src/main.rs", "\"Count", "\"cOUNT");
    assert_eq!(session.outcome()["event"], "build-failed");
    with("[features]\nfast = []");
    needs_restart(&mut session, "HP0403", &["feature `fast` is new"]);
    project.write("Cargo.toml", &manifest);
    assert_eq!(session.applied(), ["restarts_back::step"]);
    assert_eq!(session.ask("d"), "d cOUNT 4");
    assert!(session.finish().success());
}

#[test]
fn new_files_that_decide_what_is_built_need_a_restart() {
    let project = Project::new("restarts_new", MAIN);
    // As if another toolchain could be chosen by files, also where these tests run under one that was named.
    let mut session = Session::start_with(&project, &[], &[("RUSTUP_TOOLCHAIN_SOURCE", "default")]);
    let toolchain = "[toolchain]\nchannel = \"1.0.0\"\n";
    for (path, text, code, words) in [
        (
            "build.rs",
            "fn main() {}\n",
            "HP0404",
            "the package has a build script now",
        ),
        ("src/lib.rs", "\n", "HP0403", "the package has a library now"),
        (
            ".cargo/config.toml",
            "[build]\nrustflags = [\"-g\"]\n",
            "HP0405",
            "`build.rustflags`: unset -> `-g`",
        ),
        (
            "rust-toolchain.toml",
            toolchain,
            "HP0405",
            "`channel`: unset -> `1.0.0`",
        ),
    ] {
        project.write(path, text);
        needs_restart(&mut session, code, &[&format!("`{path}` is new"), words]);
        fs::remove_file(project.path(path)).unwrap();
        nothing_to_do(&mut session, path);
    }
    // New files that say nothing about the program.
    project.write(".cargo/config.toml", "[alias]\nx = \"run\"\n");
    nothing_to_do(&mut session, "an alias");
    for path in [
        "src/bin/other.rs",
        "examples/other.rs",
        "src/unused.rs",
        "notes.txt",
    ] {
        project.write(path, "fn main() {}\n");
    }
    project.edit("src/main.rs", "\"count", "\"COUNT");
    assert_eq!(session.applied(), ["restarts_new::step"]);
    assert!(session.finish().success());
}

const PROGRAM: &str = r#"
use hotpatch::hotpatch;

include!(concat!(env!("OUT_DIR"), "/made.rs"));

#[hotpatch]
fn step() -> String {
    let bytes = include_bytes!("bytes.bin");
    format!("{} {MADE} {} {} {bytes:?}", makers::answer!(), outside::outside(), plain::plain())
}

fn main() {
    for line in std::io::stdin().lines() {
        println!("{} {}", line.unwrap(), hotpatch::call(step));
    }
}
"#;

const BUILD_SCRIPT: &str = r#"
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(out + "/made.rs", "const MADE: u32 = 5;").unwrap();
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=data");
    println!("cargo::rerun-if-env-changed=RESTARTS_TAG");
}
"#;

fn package(project: &Project, folder: &Path, name: &str, more: &str, source: &str) {
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{more}\n");
    let write = |path: &str, text: &str| project.write(folder.join(path).to_str().unwrap(), text);
    write("Cargo.toml", &manifest);
    write("src/lib.rs", source);
}

/// A program with a build script, a proc macro, a library that the proc macro is made of, one that only the program
/// uses, and one outside the workspace; compiled by a script that stands before rustc.
fn project(name: &str, outside: &Project) -> (Project, PathBuf) {
    let project = Project::empty(name);
    let outside_folder = fs::canonicalize(outside.path("")).unwrap();
    let dependencies = format!(
        "makers = {{ path = \"makers\" }}\nplain = {{ path = \"plain\" }}\noutside = {{ path = \"{}\" }}\n\n\
         [workspace]\nmembers = [\"makers\", \"shared\", \"plain\", \"unused\"]\n",
        outside_folder.display()
    );
    project.write("Cargo.toml", &manifest(name, &dependencies));
    project.write("src/main.rs", PROGRAM);
    fs::write(project.path("src/bytes.bin"), [255, 254]).unwrap();
    project.write("build.rs", BUILD_SCRIPT);
    project.write("data/one.txt", "1");
    let answer = "#[proc_macro]\npub fn answer(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \
                  shared::answer().parse().unwrap() }\n";
    let shared = "[lib]\nproc-macro = true\n\n[dependencies]\nshared = { path = \"../shared\" }";
    package(&project, Path::new("makers"), "makers", shared, answer);
    let answer = "pub fn answer() -> &'static str { \"42\" }\n";
    package(&project, Path::new("shared"), "shared", "", answer);
    package(
        &project,
        Path::new("plain"),
        "plain",
        "",
        "pub fn plain() -> u32 { 7 }\n",
    );
    package(&project, Path::new("unused"), "unused", "", "");
    package(
        outside,
        &outside_folder,
        "outside",
        "",
        "pub fn outside() -> u32 { 8 }\n",
    );
    project.write("rustc.sh", "#!/bin/sh\nexec rustc \"$@\"\n");
    let rustc = project.path("rustc.sh");
    let chmod = std::process::Command::new("chmod").arg("+x").arg(&rustc).status();
    assert!(chmod.unwrap().success());
    project.write(
        ".cargo/config.toml",
        &format!("build.rustc = \"{}\"\n", rustc.display()),
    );
    (project, outside_folder)
}

#[test]
fn every_kind_of_file_that_decides_about_the_build_has_its_code() {
    let outside = Project::empty("restarts_outside");
    let (project, folder) = project("restarts_kinds", &outside);
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("a"), "a 42 5 8 7 [255, 254]");
    // A member of the workspace that the program is not made of says nothing about it.
    project.edit("unused/Cargo.toml", "2024", "2021");
    project.write("unused/build.rs", "fn main() {}\n");
    let of_outside = |path: &str| folder.join(path).to_str().unwrap().to_owned();
    let outside_lib = of_outside("src/lib.rs");
    let outside_manifest = of_outside("Cargo.toml");
    let newer = "case \"$1\" in -V) echo 'rustc 9.9.9 (new)'; exit ;; esac\nexec rustc";
    for (path, from, to, code, words) in [
        (
            "Cargo.lock",
            "name = \"libc\"\nversion = \"0",
            "name = \"libc\"\nversion = \"9",
            "HP0403",
            "`libc` 0.",
        ),
        (
            "plain/Cargo.toml",
            "2024",
            "2021",
            "HP0403",
            "`package.edition`: `2024` -> `2021`",
        ),
        (
            &outside_manifest,
            "0.1.0",
            "0.2.0",
            "HP0403",
            "`package.version`: `0.1.0` -> `0.2.0`",
        ),
        (
            "build.rs",
            "= 5",
            "= 6",
            "HP0404",
            "the build script of `restarts_kinds` is made of it",
        ),
        (
            "data/one.txt",
            "1",
            "2",
            "HP0404",
            "the build script of `restarts_kinds` reads it",
        ),
        (
            "makers/src/lib.rs",
            "shared::answer()",
            "\"43\"",
            "HP0404",
            "the proc macro crate `makers`",
        ),
        (
            "shared/src/lib.rs",
            "42",
            "43",
            "HP0404",
            "the proc macro crate `makers`",
        ),
        (
            ".cargo/config.toml",
            "build.",
            "env.TAG = 'secret'\nbuild.",
            "HP0405",
            "variable `TAG` of `env` changed",
        ),
        ("rustc.sh", "exec rustc", newer, "HP0405", " -> 9.9.9 (new)"),
    ] {
        let before = project.read(path);
        project.edit(path, from, to);
        needs_restart(&mut session, code, &[path, words]);
        project.write(path, &before);
        nothing_to_do(&mut session, path);
    }
    assert!(!session.messages().contains("secret"));

    // A path dependency outside the workspace is a crate like any other.
    for (from, to) in [("8", "9"), ("9", "8")] {
        project.edit(&outside_lib, from, to);
        assert_eq!(session.applied(), ["restarts_kinds::step"]);
        assert_eq!(session.ask("o"), format!("o 42 5 {to} 7 [255, 254]"));
    }

    // A file in a folder that the build script reads.
    project.write("data/two.txt", "2");
    needs_restart(&mut session, "HP0404", &["`data` changed"]);
    fs::remove_file(project.path("data/two.txt")).unwrap();
    nothing_to_do(&mut session, "data");

    // A crate that does not use the proc macro is compiled as before.
    project.edit("makers/src/lib.rs", "shared::answer()", "\"43\"");
    needs_restart(&mut session, "HP0404", &["makers/src/lib.rs"]);
    project.edit("plain/src/lib.rs", "7", "77");
    assert_eq!(session.applied(), ["restarts_kinds::step"]);
    assert_eq!(session.ask("b"), "b 42 5 8 77 [255, 254]");
    project.edit(
        "src/main.rs",
        "{bytes:?}",
        "{:?}\", bytes.len()); format!(\"{bytes:?}",
    );
    needs_restart(&mut session, "HP0404", &["makers/src/lib.rs"]);
    project.write("src/main.rs", PROGRAM);
    needs_restart(&mut session, "HP0404", &["makers/src/lib.rs"]);
    project.edit("makers/src/lib.rs", "\"43\"", "shared::answer()");
    nothing_to_do(&mut session, "all taken back");

    // An included file that is no text is a source like any other, also when it is gone for a while.
    fs::write(project.path("src/bytes.bin"), [253]).unwrap();
    assert_eq!(session.applied(), ["restarts_kinds::step"]);
    fs::remove_file(project.path("src/bytes.bin")).unwrap();
    assert_eq!(session.outcome()["event"], "build-failed");
    fs::write(project.path("src/bytes.bin"), [252]).unwrap();
    while session.ask("c") != "c 42 5 8 77 [252]" {
        session.outcome();
    }

    // As when another branch is checked out: one answer for all.
    project.edit(
        "Cargo.lock",
        "name = \"libc\"\nversion = \"0",
        "name = \"libc\"\nversion = \"9",
    );
    project.edit("Cargo.toml", "edition = \"2024\"", "edition = \"2021\"");
    project.edit("build.rs", "= 5", "= 6");
    project.edit("plain/src/lib.rs", "77", "78");
    project.edit("src/main.rs", "{MADE}", "{MADE}!");
    needs_restart(&mut session, "HP0403", &["`Cargo."]);
    assert_eq!(session.ask("d"), "d 42 5 8 77 [252]");
    assert!(session.finish().success());
}

#[test]
fn a_patch_is_made_only_as_the_program_was_built() {
    let outside = Project::empty("restarts_outside");
    let (project, _) = project("restarts_patch", &outside);
    built(&project, &[]);
    project.edit("plain/src/lib.rs", "7", "77");
    let patch = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = project.hotpatch(&[&["patch", "-o", "new.patch"], arguments].concat());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    for (variables, arguments, words) in [
        (
            &[("RUSTFLAGS", "-C debug-assertions=off")][..],
            &[][..],
            "`RUSTFLAGS`: unset -> `-C debug-assertions=off`",
        ),
        (
            &[("CARGO_PROFILE_DEV_OPT_LEVEL", "1")],
            &[],
            "`CARGO_PROFILE_DEV_OPT_LEVEL`: unset -> `1`",
        ),
        (
            &[("RUSTC_WRAPPER", "env")],
            &[],
            "`RUSTC_WRAPPER`: unset -> `env`",
        ),
        (
            &[("RESTARTS_TAG", "secret")],
            &[],
            "variable `RESTARTS_TAG`, which",
        ),
        (
            &[],
            &["--features", "hotpatch/enabled"],
            "no flags -> `--features hotpatch/enabled`",
        ),
    ] {
        let (code, said) = patch(variables, arguments);
        assert_eq!(code, Some(101), "{said}");
        assert!(said.contains("error[HP0405]") && said.contains(words), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
    project.edit("Cargo.toml", "edition = \"2024\"", "edition = \"2021\"");
    let (code, said) = patch(&[], &[]);
    assert_eq!(code, Some(101), "{said}");
    assert!(
        said.contains("error[HP0403]") && said.contains("the edit of `plain/src/lib.rs` waits"),
        "{said}"
    );
    project.edit(
        "Cargo.toml",
        "edition = \"2021\"",
        "# Nothing.\nedition = \"2024\"",
    );
    let (code, said) = patch(&[], &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(project.path("new.patch").exists(), "{said}");
}
