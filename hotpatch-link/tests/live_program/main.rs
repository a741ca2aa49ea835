//! Edits of a running program, from its objects to its output, at every optimisation level.

mod session;

use std::fs;
use std::path::Path;

use hotpatch_abi::manifest::PatchId;
use hotpatch_link::{Change, Parent};

use session::{Running, Session, linker, units};

fn edits_keep_the_state(flags: &[&str]) {
    let mut session = Session::start(flags);
    assert_eq!(session.running.ask("go"), "drop other");
    assert_eq!(
        session.running.line(),
        "A 100 1 8 2 2 zero 0 10 | other Some(0) A 101 1 9 3 3 zero 0 10"
    );

    // A body, with a new constant, a new call into std and a new static.
    session.project.edit(
        "format!(\"A {count}",
        "static NEW: AtomicU32 = AtomicU32::new(40); format!(\"B{} {count}",
    );
    session.project.edit(
        "{} {}\", SEEN",
        "{} {}\", NEW.fetch_add(1, Ordering::Relaxed), SEEN",
    );
    assert_eq!(session.patch(), ["host::step"]);
    assert_eq!(session.running.ask("go"), "drop other");
    assert_eq!(
        session.running.line(),
        "B40 102 2 10 4 3 one 1 21 | other Some(1) B41 103 2 11 5 4 one 1 21"
    );

    // A function that a hot function calls; the new static keeps its value.
    session.project.edit("1 => 21", "1 => 21, 2 if n == 2 => 99");
    assert_eq!(session.patch(), ["host::step"]);
    assert_eq!(session.running.ask("go"), "drop other");
    assert_eq!(
        session.running.line(),
        "B42 104 3 12 6 4 two 4 99 | other Some(2) B43 105 3 13 7 5 two 4 99"
    );

    // A method behind a vtable, a string, and a closure inside a hot function.
    session.project.edit("n /*closure*/", "n + 0 /*closure*/");
    session.project.edit("self.0 * self.0", "self.0 * 100.0");
    session.project.edit("\"other {:?}", "\"OTHER {:?}");
    session.project.edit("\"drop {}\"", "\"DROP {}\"");
    assert_eq!(session.patch(), ["host::other", "host::step"]);
    assert_eq!(session.running.ask("go"), "DROP other");
    assert_eq!(
        session.running.line(),
        "B44 106 4 14 8 5 zero 300 47 | OTHER Some(3) B45 107 4 15 9 6 zero 300 47"
    );

    // A panic unwinds out of patched code through the old frames, with the new line.
    session.project.edit("if n == 4 {", "if n == 4 {\n\n");
    session.project.edit("panic!(\"other", "panic!(\"new other");
    assert_eq!(session.patch(), ["host::other"]);
    let line = session
        .project
        .source
        .lines()
        .position(|line| line.contains("panic!(\"new"))
        .unwrap()
        + 1;
    assert_eq!(
        session.running.ask("go"),
        format!("panic panicked at host.rs:{line}:9:")
    );
    assert_eq!(session.running.line(), format!("new other panics line {line}"));
    assert_eq!(session.running.line(), "DROP other");
    assert_eq!(session.running.line(), "B46 108 5 16 10 4 one 400 58 | caught");

    // Back to the beginning: every function has a version that the process already has.
    let original =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/host.rs")).unwrap();
    session.project.source = original;
    assert_eq!(session.patch(), ["host::other", "host::step"]);
    assert_eq!(session.running.ask("go"), "drop other");
    assert_eq!(
        session.running.line(),
        "A 109 6 17 11 5 two 25 15 | other Some(5) A 110 6 18 12 6 two 25 15"
    );
    assert_eq!(session.running.end(), "end 111 111");
}

#[test]
fn edits_keep_the_state_at_opt_level_0() {
    edits_keep_the_state(&["-g", "-Ccodegen-units=16"]);
}

#[test]
fn edits_keep_the_state_at_opt_level_1() {
    edits_keep_the_state(&["-Copt-level=1"]);
}

#[test]
fn edits_keep_the_state_at_opt_level_2() {
    edits_keep_the_state(&["-Copt-level=2", "-Ccodegen-units=1", "-g"]);
}

#[test]
fn edits_keep_the_state_at_opt_level_3() {
    edits_keep_the_state(&["-Copt-level=3", "-Ccodegen-units=16"]);
}

#[test]
fn edits_keep_the_state_under_v0_mangling() {
    edits_keep_the_state(&["-Csymbol-mangling-version=v0", "-g"]);
}

/// The first words of what both hot functions say.
fn said(session: &mut Session) -> (String, String) {
    session.running.ask("go");
    let line = session.running.line();
    let (step, other) = line.split_once(" | ").unwrap();
    let first = |text: &str| text.split(' ').take(2).collect::<Vec<_>>().join(" ");
    (first(step), other.split(' ').next().unwrap().to_owned())
}

fn says(session: &mut Session, step: &str, other: &str) {
    assert_eq!(said(session), (step.to_owned(), other.to_owned()));
}

#[test]
fn after_a_roll_back_the_sources_are_compared_with_what_is_live() {
    let mut session = Session::start(&["-g"]);
    session.project.edit("\"A {count}", "\"B {count}");
    // Once the sources hold it, the fifth question is like the others.
    session.project.edit("if n == 4 {", "if n == 40 {");
    assert_eq!(session.patch(), ["host::other", "host::step"]);
    says(&mut session, "B 100", "other");
    let first = session.head();
    session.project.edit("\"other {:?}", "\"OTHER {:?}");
    assert_eq!(session.patch(), ["host::other"]);
    says(&mut session, "B 102", "OTHER");
    let second = session.head();

    // Statics keep their values. An edit of the one function brings what the sources hold of the other.
    session.back(1, first);
    says(&mut session, "B 104", "other");
    session.project.edit("\"B {count}", "\"C {count}");
    assert_eq!(session.patch(), ["host::other", "host::step"]);
    says(&mut session, "C 106", "OTHER");
    // The fifth question, at which the program as built panics.
    says(&mut session, "C 108", "OTHER");

    // To the program as built, and the sources as they are.
    session.back(0, None);
    says(&mut session, "A 110", "other");
    assert_eq!(session.patch(), ["host::other", "host::step"]);
    says(&mut session, "C 112", "OTHER");
    assert!(matches!(session.compare(), Change::Nothing { .. }));

    // Forward to what has one of both, and what takes an edit back that is not live.
    session.back(2, second);
    says(&mut session, "B 114", "OTHER");
    session.project.edit("\"C {count}", "\"B {count}");
    assert!(matches!(session.compare(), Change::Nothing { .. }));
    session.project.edit("\"OTHER {:?}", "\"Other {:?}");
    assert_eq!(session.patch(), ["host::other"]);
    says(&mut session, "B 116", "Other");

    let unknown = PatchId(1);
    assert_eq!(session.patcher.follow(&[Some(unknown)]), Err(unknown));
    session.project.edit("\"Other {:?}", "\"end {:?}");
    assert_eq!(session.patch(), ["host::other"]);
    says(&mut session, "B 118", "end");
}

/// A patch for processes that run different code has all that one of them lacks.
#[test]
fn one_patch_for_processes_that_went_apart() {
    let mut session = Session::start(&["-g"]);
    let mut twin = Running::start(&session.project.dir.path().join("build1/host"));
    let mut patch = |session: &mut Session| {
        let published = session.patch();
        let path = session
            .project
            .dir
            .path()
            .join(format!("patch{}.so", session.patches));
        assert_eq!(twin.ask(&format!("patch {}", path.display())), "patched");
        (published, session.head())
    };
    session.project.edit("if n == 4 {", "if n == 40 {");
    session.project.edit("\"other {:?}", "\"OTHER {:?}");
    let (_, first) = patch(&mut session);
    session.project.edit("\"A {count}", "\"B {count}");
    let (_, second) = patch(&mut session);
    // The sources take the first edit back, which one process runs and the other does not.
    session.project.edit("\"OTHER {:?}", "\"other {:?}");
    session.project.edit("if n == 40 {", "if n == 4 {");
    assert_eq!(session.running.ask("back 0"), "back");
    session.patcher.follow(&[None, first, second]).unwrap();
    let (published, _) = patch(&mut session);
    assert_eq!(published, ["host::other", "host::step"]);
    says(&mut session, "B 100", "other");
    twin.ask("go");
    let line = twin.line();
    assert!(line.starts_with("B 100") && line.contains(" | other"), "{line}");
    assert!(matches!(session.compare(), Change::Nothing { .. }));
    // From here on, they are as one.
    session.project.edit("\"B {count}", "\"C {count}");
    assert_eq!(session.patch(), ["host::step"]);
    says(&mut session, "C 102", "other");
}

#[test]
fn comments_and_moved_lines_change_nothing() {
    let mut session = Session::start(&["-g"]);
    session.project.edit(
        "fn helper",
        "// A comment that moves everything below it.\n\nfn helper",
    );
    assert!(matches!(session.compare(), Change::Nothing { .. }));
}

#[test]
fn an_edit_that_only_main_sees_is_unreachable() {
    let mut session = Session::start(&[]);
    session.project.edit("\"patched\"", "\"PATCHED\"");
    match session.compare() {
        Change::Unreachable { changed, .. } => {
            let functions: Vec<_> = changed
                .iter()
                .map(|unreached| unreached.function.as_str())
                .collect();
            assert_eq!(functions, ["host::main"]);
        }
        other => panic!("{other:?}"),
    }
}

/// v0 symbol names say nothing about types, so these edits change no name.
fn other_types_are_refused(flags: &[&str]) {
    let mut session = Session::start(&[&["-Csymbol-mangling-version=v0", "-g"], flags].concat());
    for (from, to, code, says) in [
        (
            "type Number = u32",
            "type Number = f32",
            "HP0201",
            "`fn(u32) -> u32` -> `fn(f32) -> u32`",
        ),
        (
            "Wrapped<T = u32>",
            "Wrapped<T = u64>",
            "HP0201",
            "`fn(host::Wrapped<u32>) -> u32` -> `fn(host::Wrapped<u64>) -> u32`",
        ),
        // What only points to the static is the same code.
        (
            "AtomicU32 = AtomicU32::new(0)",
            "AtomicU64 = AtomicU64::new(0)",
            "HP0301",
            "` -> `core::sync::atomic::Atomic",
        ),
    ] {
        let before = session.project.source.clone();
        session.project.edit(from, to);
        if code == "HP0301" {
            session.project.edit("&'static AtomicU32", "&'static AtomicU64");
            session.project.edit(
                "use std::any::Any;",
                "use std::any::Any;\nuse std::sync::atomic::AtomicU64;",
            );
        }
        let build = session.project.build();
        let Err(error) = session.patcher.compare(&units(&build)) else {
            panic!("{from}: not refused")
        };
        assert_eq!(error.code().as_str(), code, "{from}: {error}");
        let label = error.label().unwrap_or_default();
        assert!(label.contains(says), "{from}: {label}");
        session.project.source = before;
    }
}

#[test]
fn other_types_are_refused_at_opt_level_0() {
    other_types_are_refused(&[]);
}

#[test]
fn other_types_are_refused_where_functions_share_their_code() {
    other_types_are_refused(&["-Copt-level=2", "-Ccodegen-units=1"]);
}

#[test]
fn a_relocation_that_cannot_be_bound_is_named() {
    let mut session = Session::start(&["-Crelocation-model=static", "-Ccode-model=small"]);
    session.project.edit("\"A {count}", "\"B {count}");
    let Change::Patch(draft) = session.compare() else {
        panic!("nothing to patch")
    };
    let out = session.project.dir.path().join("patch.so");
    let error = session
        .patcher
        .link(draft, Parent::Live, &linker(), &out)
        .unwrap_err();
    assert_eq!(error.code().as_str(), "HP0106");
    let message = error.to_string();
    for part in ["R_X86_64_32", "section `.text.", "rcgu.o`", "against `"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!out.exists());
}
