//! The commands for scripts: `build`, `patch`, `apply`, `status`, `doctor`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::project::{Project, command, text};
use crate::session::Session;

pub(crate) const MAIN: &str = r#"
use hotpatch::hotpatch;

#[hotpatch]
fn step(count: &mut u64) -> String {
    *count += 1;
    format!("count {count}")
}

fn main() {
    let mut count = 0;
    for line in std::io::stdin().lines() {
        println!("{} {}", line.unwrap(), hotpatch::call(|| step(&mut count)));
    }
}
"#;

/// A program that was started by hand, with a control folder.
pub(crate) struct Started {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Started {
    pub(crate) fn new(program: &Path, control: &Path) -> Self {
        std::fs::create_dir_all(control).unwrap();
        Command::new("chmod").arg("700").arg(control).status().unwrap();
        let mut child = Command::new(program)
            .env("HOTPATCH_CONTROL_DIR", control)
            .env("HOTPATCH_CONTROL_TOKEN", "token")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path that `cargo hotpatch build` names.
pub(crate) fn built(project: &Project, arguments: &[&str]) -> std::path::PathBuf {
    let output = project.output(&[&["build"], arguments].concat());
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    let line = said
        .lines()
        .find(|line| line.trim_start().starts_with("Built"))
        .unwrap_or_else(|| panic!("{said}"));
    line.split('`').nth(1).unwrap().into()
}

fn run(project: &Project, arguments: &[&str]) -> (bool, String) {
    let output = project.output(arguments);
    (
        output.status.success(),
        text(&output.stderr) + &text(&output.stdout),
    )
}

#[test]
fn a_script_patches_a_process() {
    let project = Project::new("scripts_patch", MAIN);
    let program = built(&project, &[]);
    // What runs needs no symbols.
    assert!(Command::new("strip").arg(&program).status().unwrap().success());
    assert!(!has_symbols(&program));
    let mut process = Started::new(&program, &project.path("control"));
    assert_eq!(process.ask("a"), "a count 1");
    let pid = process.pid();

    let (success, said) = run(&project, &["patch", "-o", "none.patch"]);
    assert!(success, "{said}");
    assert!(!project.path("none.patch").exists(), "{said}");

    for (version, letter) in [("COUNT", "b"), ("Count", "c")] {
        project.write("src/main.rs", &MAIN.replace("\"count", &format!("\"{version}")));
        // The same file name again: the process must take the new content.
        let (success, said) = run(&project, &["patch", "-o", "new.patch"]);
        assert!(success && said.contains("scripts_patch::step"), "{said}");
        let (success, said) = run(&project, &["apply", "--pid", &pid, "new.patch"]);
        assert!(success && said.contains("scripts_patch::step"), "{said}");
        let count = if letter == "b" { 2 } else { 3 };
        assert_eq!(process.ask(letter), format!("{letter} {version} {count}"));
    }
    let (success, said) = run(&project, &["status", "--pid", &pid]);
    assert!(
        success && said.contains("generation 2") && said.contains("scripts_patch::step"),
        "{said}"
    );
}

fn has_symbols(program: &Path) -> bool {
    let bytes = std::fs::read(program).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    object::Object::symbols(&file).next().is_some()
}

#[test]
fn a_program_of_a_stripping_profile_is_patched_and_checked() {
    let main = MAIN.replace("fn step", "pub struct Seen(u32);\npub static SEEN: std::sync::Mutex<Vec<Seen>> = std::sync::Mutex::new(Vec::new());\n#[hotpatch]\nfn step");
    let main = main
        .replacen("#[hotpatch]\n", "", 1)
        .replace("*count += 1;", "*count += SEEN.lock().unwrap().len() as u64 + 1;");
    let project = Project::new("scripts_strip", &main);
    let manifest = project.read("Cargo.toml");
    project.write(
        "Cargo.toml",
        &format!("{manifest}\n[profile.release]\nstrip = true\n"),
    );
    assert!(!has_symbols(&built(&project, &["--release"])));
    let mut session = Session::start(&project, &["--release"]);
    assert_eq!(session.ask("a"), "a count 1");
    project.edit("src/main.rs", "\"count", "\"COUNT");
    assert_eq!(session.applied(), ["scripts_strip::step"]);
    assert_eq!(session.ask("b"), "b COUNT 2");
    project.edit("src/main.rs", "Seen(u32)", "Seen(u64)");
    project.edit("src/main.rs", "\"COUNT", "\"Count");
    let refused = session.event("refused");
    assert_eq!(refused["code"], "HP0203", "{refused}");
    assert_eq!(session.ask("c"), "c COUNT 3");
}

#[test]
fn a_program_that_its_linker_stripped_cannot_be_patched() {
    let project = Project::new("scripts_stripper", MAIN);
    let script = "#!/bin/sh\ncc \"$@\" || exit 1\nwhile [ $# -gt 1 ]; do\n[ \"$1\" = -o ] && strip \"$2\"\nshift\ndone\nexit 0\n";
    project.write("link-and-strip.sh", script);
    let linker = project.path("link-and-strip.sh");
    assert!(
        Command::new("chmod")
            .arg("+x")
            .arg(&linker)
            .status()
            .unwrap()
            .success()
    );
    let settings = format!(
        "[target.x86_64-unknown-linux-gnu]\nlinker = \"{}\"\n",
        linker.display()
    );
    project.write(".cargo/config.toml", &settings);
    let mut session = Session::start(&project, &[]);
    project.edit("src/main.rs", "\"count", "\"COUNT");
    let refused = session.outcome();
    assert_eq!(refused["code"], "HP0104", "{refused}");
    assert_eq!(session.ask("a"), "a count 1");
}

#[test]
fn bad_patch_files_are_refused_and_the_process_runs_on() {
    let project = Project::new("scripts_bad", MAIN);
    let program = built(&project, &[]);
    project.edit("src/main.rs", "\"count", "\"COUNT");
    assert!(run(&project, &["patch", "-o", "good.patch"]).0);
    let good = std::fs::read(project.path("good.patch")).unwrap();
    let mut process = Started::new(&program, &project.path("control"));
    assert_eq!(process.ask("a"), "a count 1");
    let pid = process.pid();
    let refuse = |file: &str, content: Option<&[u8]>, code: &str| {
        if let Some(content) = content {
            std::fs::write(project.path(file), content).unwrap();
        }
        let output = project.output(&["apply", "--pid", &pid, file]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(101), "{file}: {said}");
        assert!(said.contains(code), "{file}: {said}");
    };
    refuse("truncated.patch", Some(&good[..good.len() / 2]), "HP0501");
    refuse("empty.patch", Some(b""), "HP0501");
    refuse("foreign.patch", Some(&std::fs::read(&program).unwrap()), "HP0501");
    let mut flipped = good.clone();
    flipped[0x100] ^= 1;
    refuse("flipped.patch", Some(&flipped), "HP0501");
    refuse("missing.patch", None, "No such file");

    // Another program's patch.
    let other = Project::new("scripts_other", MAIN);
    built(&other, &[]);
    other.edit("src/main.rs", "\"count", "\"COUNT");
    assert!(run(&other, &["patch", "-o", "other.patch"]).0);
    refuse(
        "other.patch",
        Some(&std::fs::read(other.path("other.patch")).unwrap()),
        "HP0102",
    );

    assert_eq!(process.ask("b"), "b count 2");
    assert!(run(&project, &["apply", "--pid", &pid, "good.patch"]).0);
    assert_eq!(process.ask("c"), "c COUNT 3");

    drop(process);
    let output = project.output(&["apply", "--pid", &pid, "good.patch"]);
    assert_eq!(output.status.code(), Some(101), "{}", text(&output.stderr));
}

#[test]
fn a_program_that_nobody_attached_opens_and_prints_nothing() {
    let project = Project::new("scripts_alone", MAIN);
    let program = built(&project, &[]);
    let mut child = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    writeln!(child.stdin.as_mut().unwrap(), "a").unwrap();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "a count 1\n");
    let proc = format!("/proc/{}", child.id());
    assert_eq!(std::fs::read_dir(format!("{proc}/task")).unwrap().count(), 1);
    for fd in std::fs::read_dir(format!("{proc}/fd")).unwrap() {
        let open = std::fs::read_link(fd.unwrap().path()).unwrap();
        assert!(!open.to_string_lossy().contains("socket"), "{}", open.display());
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn the_folder_of_a_patch_must_exist() {
    let project = Project::new("scripts_folder", MAIN);
    built(&project, &[]);
    project.edit("src/main.rs", "\"count", "\"COUNT");
    let (success, said) = run(&project, &["patch", "-o", "no/such/new.patch"]);
    assert!(
        !success && said.contains("no/such`") && !said.contains("[HP"),
        "{said}"
    );
}

#[test]
fn a_build_leaves_nothing_behind() {
    let project = Project::new("scripts_leavings", MAIN);
    let temporary = project.path("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let target = project.path("target");
    let mut build = project.hotpatch(&["build", "--target-dir", target.to_str().unwrap()]);
    let output = build.env("TMPDIR", &temporary).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(temporary).unwrap().count(), 0);
    let sessions = std::fs::read_dir(target.join("hotpatch/.hotpatch/session")).unwrap();
    assert_eq!(
        sessions
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .count(),
        0
    );
}

#[test]
fn settings_that_prevent_patching_are_named() {
    let project = Project::new("scripts_settings", MAIN);
    let manifest = project.read("Cargo.toml");
    for (profile, code, word) in [
        ("[profile.release]\nlto = true\n", "HP0103", "lto"),
        ("[profile.release]\nlto = \"thin\"\n", "HP0103", "lto"),
    ] {
        project.write("Cargo.toml", &format!("{manifest}\n{profile}"));
        for arguments in [&["build", "--release"][..], &["run", "--release"], &["doctor"]] {
            let output = project.output(arguments);
            let said = text(&output.stderr) + &text(&output.stdout);
            assert!(!output.status.success(), "{arguments:?} {profile}: {said}");
            assert!(said.contains(word), "{arguments:?}: {said}");
            assert!(said.contains("`release`"), "{arguments:?}: {said}");
            let said_once = said.replace(&format!("explain {code}"), "");
            assert_eq!(said_once.matches(code).count(), 1, "{arguments:?}: {said}");
        }
    }
    project.write("Cargo.toml", &manifest);
    let output = project.output(&["doctor"]);
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stderr),
        text(&output.stdout)
    );
}

#[test]
fn bad_arguments_are_errors_and_never_panics() {
    let project = Project::new("scripts_arguments", MAIN);
    for arguments in [
        &["run", "--bin", "nothing"][..],
        &["run", "-p", "nothing"],
        &["run", "--example", "nothing"],
        &["run", "--profile", "nothing"],
        &["run", "--features", "nothing"],
        &["run", "--manifest-path", "nothing/Cargo.toml"],
        &["apply", "--pid", "1", "nothing"],
        &["apply", "--pid", "999999999", "nothing"],
        &["status", "--pid", "999999999"],
        &["run", "--events", "no/such/folder/events"],
    ] {
        let output = project.output(arguments);
        let said = text(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(101 | 1)),
            "{arguments:?}: {:?} {said}",
            output.status
        );
        assert!(
            said.contains("error") && !said.contains("panicked"),
            "{arguments:?}: {said}"
        );
    }
    let output = command().arg("--help").output().unwrap();
    assert!(output.status.success() && text(&output.stdout).contains("run"));
}
