//! The mutation corpus: every edit in `tests/corpus` ends in the truth.
//!
//! `cargo test -p cargo-hotpatch --test corpus -- [filter..]`; a filter is a part of `program/profile/edit`. How to add
//! an edit is said in `tests/corpus/README.md`.

// Shared with the end-to-end tests, which use more of them.
#[allow(dead_code)]
#[path = "../e2e/project.rs"]
mod project;
#[allow(dead_code)]
#[path = "../e2e/session.rs"]
mod session;

mod bench;
mod data;
mod files;
mod fresh;
mod kind;
mod program;
mod table;
mod verdict;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use data::Edit;
use kind::KINDS;
use program::{Profile, Program};
use rustix::fs::FlockOperation;
use verdict::{Problem, Verdict};

/// So many edits there are at least, and one in ten of them is also made in a release build.
const LEAST: usize = 150;

/// A release build takes ten seconds for an edit. Unless a filter asks for more, a program has this many of them there.
const MOST_IN_RELEASE: usize = 16;

struct Job<'a> {
    program: &'a Program,
    profile: Profile,
    edits: Vec<(String, &'a Edit)>,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let filters = filters(&arguments);
    let programs = programs();
    let jobs = jobs(&programs, &filters);
    if arguments.iter().any(|argument| argument == "--list") {
        for (name, _) in jobs.iter().flat_map(|job| &job.edits) {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    if jobs.is_empty() {
        return ExitCode::SUCCESS;
    }
    if filters.is_empty() {
        is_complete(&programs);
    }
    let _alone = alone();
    let verdicts = run(&jobs);
    let table = table::table(&verdicts);
    print!("\n{table}");
    if filters.is_empty() {
        std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus.md"), &table).unwrap();
    }
    match verdicts.iter().all(|verdict| verdict.problem.is_none()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The folders of the programs stay from run to run, so that two runs would save each other's files.
fn alone() -> File {
    let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus.lock")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    lock
}

/// What is no option of the test runner of Rust, which other tests have.
fn filters(arguments: &[String]) -> Vec<String> {
    let mut filters = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--test-threads" | "--skip" | "--format" | "--color" => drop(arguments.next()),
            option if option.starts_with('-') => {}
            filter => filters.push(filter.to_owned()),
        }
    }
    filters
}

fn programs() -> Vec<Program> {
    let corpus = project::repository().join("tests/corpus");
    let folders = std::fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().map(|folder| Program::load(folder)).collect()
}

/// Whether there are enough edits, of all kinds.
fn is_complete(programs: &[Program]) {
    let edits: Vec<_> = programs.iter().flat_map(|program| &program.edits.edits).collect();
    let kinds: BTreeSet<_> = edits.iter().map(|edit| edit.kind.as_str()).collect();
    for kind in KINDS {
        assert!(kinds.contains(kind), "no edit of the kind `{kind}`");
    }
    assert!(edits.len() >= LEAST, "{} edits", edits.len());
    let in_release = edits.iter().filter(|edit| edit.release).count();
    assert!(
        in_release * 10 >= edits.len(),
        "{in_release} of {} edits in a release build",
        edits.len()
    );
}

fn jobs<'a>(programs: &'a [Program], filters: &[String]) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for program in programs {
        for profile in [Profile::Debug, Profile::Release] {
            let mut edits = program.edits(profile);
            edits
                .retain(|(name, _)| filters.is_empty() || filters.iter().any(|filter| name.contains(filter)));
            if profile == Profile::Release && filters.is_empty() {
                edits = sample(edits);
            }
            if !edits.is_empty() {
                jobs.push(Job {
                    program,
                    profile,
                    edits,
                });
            }
        }
    }
    // The longest first.
    jobs.sort_by_key(|job| std::cmp::Reverse(job.edits.len()));
    jobs
}

/// Edits from all of the list, the same in every run, and no more than are made in a release build. Says so if there are more.
fn sample<T>(edits: Vec<(String, T)>) -> Vec<(String, T)> {
    let all = edits.len();
    if all <= MOST_IN_RELEASE {
        return edits;
    }
    let (folder, _) = edits[0]
        .0
        .rsplit_once('/')
        .expect("a name has a program and a profile");
    eprintln!("{folder}: {MOST_IN_RELEASE} of {all} edits; `-- {folder}` makes all of them");
    let chosen = |index: usize| (index * MOST_IN_RELEASE) % all < MOST_IN_RELEASE;
    edits
        .into_iter()
        .enumerate()
        .filter_map(|(index, edit)| chosen(index).then_some(edit))
        .collect()
}

/// Two at a time: while one waits for its compiler, the other one works.
fn run(jobs: &[Job<'_>]) -> Vec<Verdict> {
    let next = Mutex::new(jobs.iter());
    let verdicts = Mutex::new(Vec::new());
    let report = |verdict: Verdict| {
        println!("{}", said(&verdict));
        verdicts.lock().unwrap().push(verdict);
    };
    let work = || {
        loop {
            let job = next.lock().unwrap().next();
            let Some(job) = job else { return };
            job.program.run(job.profile, &job.edits, &report);
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    verdicts.into_inner().unwrap()
}

fn said(verdict: &Verdict) -> String {
    let Verdict { name, expected, .. } = verdict;
    match &verdict.problem {
        None => format!("{name} ... {expected:?}"),
        Some(Problem::Wrong(text)) => format!("{name} ... WRONG: {text}"),
        Some(Problem::Silent(text)) => format!("{name} ... SILENT: {text}"),
    }
}
