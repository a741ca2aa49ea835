//! What was saved, and what became of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hotpatch_abi::code;

use crate::cargo::relative;
use crate::diagnostic::Diagnostic;
use crate::places::Place;
use crate::refusal::Refusal;

/// What a look at the files found.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    /// The files that changed. Those that decide what cargo builds may hold again what the build found.
    pub(crate) files: Vec<PathBuf>,
    /// The files of hotpatch itself among them.
    pub(crate) own: Vec<PathBuf>,
    /// The files among them that decide what cargo builds.
    pub(crate) build: Vec<PathBuf>,
}

impl Edit {
    /// The refusal of an edit that only a new build can take up, with the next step.
    pub(crate) fn needs_build(&self, next: &str) -> Option<Refusal> {
        if let Some(file) = self.own.first() {
            let message = "the edit changes hotpatch itself, which runs inside the program";
            return Some(at(Refusal::new(code::OWN_CRATES, message), file).help(next));
        }
        let file = self.build.first()?;
        let message = format!(
            "`{}` changed: it decides what cargo builds",
            relative(file).display()
        );
        Some(at(Refusal::new(code::BUILD_INPUT, message), file).help(next))
    }
}

fn at(refusal: Refusal, file: &Path) -> Refusal {
    refusal.at(Place::of_file(relative(file)))
}

/// How the replay of all stale units ended.
#[derive(Debug)]
pub(crate) enum Rebuilt {
    /// Everything compiled.
    Compiled,
    /// The sources do not compile.
    Failed(Vec<Diagnostic>),
    /// The program ended meanwhile.
    Interrupted,
}

/// Measures a step.
pub(crate) fn timed<T>(step: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (step(), start.elapsed())
}
