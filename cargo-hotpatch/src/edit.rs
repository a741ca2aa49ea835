//! What was saved, and what became of it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::diagnostic::Diagnostic;
use crate::refusal::Refusal;

/// What a look at the files found.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    /// The files that changed. Those that decide what cargo builds may hold again what the build found.
    pub(crate) files: Vec<PathBuf>,
    /// Why only a new build can take it up, where that is so.
    pub(crate) restart: Option<Refusal>,
}

/// How the replay of all stale units ended.
#[derive(Debug)]
pub(crate) enum Rebuilt {
    /// Everything compiled.
    Compiled(Compilation),
    /// The sources do not compile.
    Failed(Vec<Diagnostic>),
    /// The program ended meanwhile.
    Interrupted,
}

/// What was compiled, by the names of the crates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compilation {
    /// In the order in which they were done.
    pub(crate) compiled: Vec<String>,
    /// Those that depend on them and keep the code that they have.
    pub(crate) reused: Vec<String>,
}

/// Measures a step.
pub(crate) fn timed<T>(step: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (step(), start.elapsed())
}
