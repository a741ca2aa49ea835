//! A program of the corpus in one profile: its edits, one after the other, in as few processes as possible.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::bench::Bench;
use crate::data::{Edit, Edits};
use crate::files::{self, Files};
use crate::project::Project;
use crate::verdict::{Problem, Verdict};

/// The program.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) edits: Edits,
    files: Files,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

impl Program {
    pub(crate) fn load(folder: &Path) -> Self {
        Self {
            name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
            edits: Edits::load(folder),
            files: files::read(folder),
        }
    }

    /// The names and edits that belong to a profile.
    pub(crate) fn edits(&self, profile: Profile) -> Vec<(String, &Edit)> {
        let edits = self.edits.edits.iter();
        edits
            .filter(|edit| profile == Profile::Debug || edit.release)
            .map(|edit| (format!("{}/{}/{}", self.name, profile.name(), edit.name), edit))
            .collect()
    }

    /// Makes these edits. `report` hears of each.
    pub(crate) fn run(&self, profile: Profile, edits: &[(String, &Edit)], report: &dyn Fn(Verdict)) {
        let project = Project::at(self.folder(profile));
        let events = Project::empty(&self.name);
        let mut bench = None;
        for (name, edit) in edits {
            let problem = guarded(|| {
                if bench.is_none() {
                    bench = Some(Bench::start(
                        &self.edits,
                        &project,
                        &events,
                        &self.files,
                        profile,
                    )?);
                }
                bench
                    .as_mut()
                    .map_or(Ok(()), |bench: &mut Bench<'_>| bench.check(edit))
            });
            if problem.is_some() || edit.restart_after {
                bench = None;
            }
            report(Verdict {
                name: name.clone(),
                kind: edit.kind.clone(),
                expected: edit.expect,
                problem,
            });
        }
    }

    /// Kept between runs, so that cargo need not build what did not change.
    fn folder(&self, profile: Profile) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus");
        folder.join(&self.name).join(profile.name())
    }
}

/// A hang ends in a panic of whoever waited.
fn guarded(check: impl FnOnce() -> Result<(), Problem>) -> Option<Problem> {
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(result) => result.err(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            Some(Problem::Silent(text.unwrap_or_else(|| "a panic".to_owned())))
        }
    }
}
