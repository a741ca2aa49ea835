//! Whole programs of other people: fetched from the registry, made hot, started, edited and asked.
//!
//! `cargo test -p cargo-hotpatch --test programs -- [name[/profile]..]`; not part of `cargo test`, because it fetches and
//! builds several hundred packages. How to add a program is said in `tests/programs/README.md`.

// Shared with the end-to-end tests, which use more of them.
#[allow(dead_code)]
#[path = "../e2e/project.rs"]
mod project;
#[allow(dead_code)]
#[path = "../e2e/pty.rs"]
mod pty;
#[allow(dead_code)]
#[path = "../e2e/session.rs"]
mod session;

mod bench;
mod data;
mod sources;
mod table;
mod talk;

use std::path::Path;
use std::process::ExitCode;

use bench::{Outcome, Profile};
use data::Program;

fn main() -> ExitCode {
    let filters: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let programs = programs();
    let mut results = Vec::new();
    for program in &programs {
        let profiles = [Profile::Debug, Profile::Release].into_iter();
        let outcomes: Vec<_> = profiles
            .filter(|profile| is_wanted(program, *profile, &filters))
            .map(|profile| report(program, bench::run(program, profile)))
            .collect();
        if !outcomes.is_empty() {
            results.push((program, outcomes));
        }
    }
    let table = table::table(&results);
    print!("\n{table}");
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs.md"), &table).unwrap();
    let mut edits = results
        .iter()
        .flat_map(|(_, outcomes)| outcomes)
        .flat_map(|outcome| &outcome.edits);
    match edits.all(Result::is_ok) && !results.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn programs() -> Vec<Program> {
    let folder = project::repository().join("tests/programs");
    let folders = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().map(|folder| Program::load(folder)).collect()
}

fn is_wanted(program: &Program, profile: Profile, filters: &[String]) -> bool {
    let name = format!("{}/{}", program.name, profile.name());
    filters.is_empty() || filters.iter().any(|filter| name.contains(filter))
}

fn report(program: &Program, outcome: Outcome) -> Outcome {
    let name = format!("{}/{}", program.name, outcome.profile.name());
    let start = outcome.start.as_secs();
    match outcome.edits.iter().find_map(|edit| edit.as_ref().err()) {
        None => println!("{name} ... ok, {start} s to build and start"),
        Some(problem) => println!("{name} ... FAILED after {start} s: {problem}"),
    }
    outcome
}
