//! Programs that the user puts before rustc.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::project::{Project, manifest};
use crate::session::{PATIENCE, Session};

const MAIN: &str = r#"
#[cfg(not(outer))] compile_error!("the wrapper was left out");
#[cfg(not(inner))] compile_error!("the workspace wrapper was left out");

#[hotpatch::hotpatch]
fn step(count: &mut u64) -> String {
    *count += 1;
    format!("count {count} {}", wrapped_part::part())
}

fn main() {
    let mut count = 0;
    for line in std::io::stdin().lines() {
        println!("{} {}", line.unwrap(), hotpatch::call(|| step(&mut count)));
    }
}
"#;

fn script(project: &Project, path: &str, text: &str) {
    project.write(path, &format!("#!/bin/sh\n{text}\n"));
    let chmod = std::process::Command::new("chmod")
        .arg("+x")
        .arg(project.path(path))
        .status();
    assert!(chmod.unwrap().success());
}

fn project(name: &str) -> Project {
    let project = Project::empty(name);
    project.write(
        "Cargo.toml",
        &manifest(name, "wrapped_part = { path = \"part\" }\n\n[workspace]\n"),
    );
    project.write("src/main.rs", MAIN);
    project.write(
        "part/Cargo.toml",
        "[package]\nname = \"wrapped_part\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    project.write("part/src/lib.rs", "pub fn part() -> &'static str { \"part\" }\n");
    project.write(
        ".cargo/config.toml",
        "[build]\nrustc-wrapper = \"./outer.sh\"\nrustc-workspace-wrapper = \"./inner.sh\"\n",
    );
    project
}

/// Waits for a file that a wrapper makes.
fn wait_for(project: &Project, path: &str) {
    let start = Instant::now();
    while !project.path(path).exists() {
        assert!(start.elapsed() < PATIENCE, "no `{path}`");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn wrappers_have_their_say_and_a_save_during_the_build_is_not_lost() {
    let project = project("wrappers_flags");
    let folder = project.path("");
    script(&project, "outer.sh", "exec \"$@\" --cfg outer");
    // Keeps rustc waiting as long as `hold-<crate>` is there, before it compiles `part` and after it has compiled the
    // program.
    script(
        &project,
        "inner.sh",
        &format!(
            "cd_() {{ while [ -e {0}/hold-$1 ]; do touch {0}/held-$1; sleep 0.01; done; }}\n\
             case \"$*\" in *'--crate-name wrapped_part '*) cd_ part;; esac\n\
             \"$@\" --cfg inner; code=$?\n\
             case \"$*\" in *'--crate-name wrappers_flags '*) cd_ program;; esac\nexit $code",
            folder.display()
        ),
    );
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("a"), "a count 1 part");
    project.write("hold-part", "");
    project.write("hold-program", "");
    project.edit("part/src/lib.rs", "\"part", "\"PART");
    wait_for(&project, "held-part");
    // Seen by rustc, but not yet by the tool.
    project.edit("src/main.rs", "\"count", "\"COUNT");
    fs::remove_file(project.path("hold-part")).unwrap();
    wait_for(&project, "held-program");
    project.edit("src/main.rs", "\"COUNT", "\"count");
    fs::remove_file(project.path("hold-program")).unwrap();
    session.applied();
    while session.ask("b").contains("COUNT") {
        session.applied();
    }
    assert!(session.ask("c").ends_with("PART"));
    assert!(session.finish().success());
}

/// A cache answers without calling anyone: then there would be no record of the compilation.
#[test]
fn what_a_cache_answered_is_compiled_again() {
    let project = project("wrappers_cache");
    // Knows the library by its arguments.
    script(
        &project,
        "outer.sh",
        &format!(
            "case \"$*\" in *'--crate-name wrapped_part '*) ;; *) exec \"$@\" --cfg outer;; esac\n\
             out=$(echo \"$*\" | sed 's/.*--out-dir \\([^ ]*\\).*/\\1/')\n\
             cache={}/cache; hash=$(echo \"$*\" | sed 's/.*extra-filename=\\([^ ]*\\).*/\\1/')\n\
             if [ -d $cache ]; then cp $cache/* $out/; echo hit >> $cache.hits; exit 0; fi\n\
             \"$@\" --cfg outer || exit 1\nmkdir $cache; cp $out/*wrapped_part$hash* $cache/",
            project.path("").display()
        ),
    );
    script(&project, "inner.sh", "exec \"$@\" --cfg inner");
    project.edit(
        "src/main.rs",
        "#[cfg(not(outer))] compile_error!(\"the wrapper was left out\");",
        "",
    );
    for record in ["kept", "gone"] {
        if record == "gone" {
            forget_record_of_part(&project);
        }
        let mut session = Session::start(&project, &[]);
        assert_eq!(session.ask("a"), "a count 1 part");
        project.edit("part/src/lib.rs", "\"part", "\"PART");
        session.applied();
        assert_eq!(session.ask("b"), "b count 2 PART");
        project.edit("part/src/lib.rs", "\"PART", "\"part");
        session.applied();
        assert!(session.finish().success());
    }
    assert!(project.path("cache.hits").exists());
}

/// As if another tool had compiled it.
fn forget_record_of_part(project: &Project) {
    let records = crate::project::shared_target().join("hotpatch/.hotpatch/capture");
    let folders = fs::read_dir(records).unwrap().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten());
    let folder = project.path("part").display().to_string();
    let is_of_part = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|record| record.contains(&folder));
    let of_part = files
        .map(|file| file.path())
        .filter(|path| path.to_string_lossy().contains("wrapped_part-") && is_of_part(path));
    let removed = of_part.map(|path| fs::remove_file(path).unwrap()).count();
    assert!(removed > 0);
}
