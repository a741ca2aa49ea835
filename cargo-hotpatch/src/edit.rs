//! What was saved, and what became of it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hotpatch_abi::code;

use crate::cargo::relative;
use crate::diagnostic::Diagnostic;
use crate::refusal::Refusal;

/// What a look at the files found.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    /// The files that changed. Those that decide what cargo builds may hold again what the build found.
    pub(crate) files: Vec<PathBuf>,
    /// Whether files of hotpatch itself changed.
    pub(crate) own: bool,
    /// The files among them that decide what cargo builds.
    pub(crate) build: Vec<PathBuf>,
}

impl Edit {
    /// The refusal of an edit that only a new build can take up, with the next step.
    pub(crate) fn needs_build(&self, next: &str) -> Option<Refusal> {
        if self.own {
            let message = "the edit changes hotpatch itself, which runs inside the program";
            return Some(Refusal::new(code::OWN_CRATES, message).help(next));
        }
        let file = self.build.first()?;
        let message = format!(
            "`{}` changed: it decides what cargo builds",
            relative(file).display()
        );
        Some(Refusal::new(code::BUILD_INPUT, message).help(next))
    }
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
