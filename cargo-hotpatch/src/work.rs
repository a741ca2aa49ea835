//! One replay in a thread of its own, and what is found out while rustc runs.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Result, anyhow};

use crate::capture::Capture;
use crate::interface::{Regime, Shape, SymbolTables};
use crate::replay::{Outcome, Replay};
use crate::rustc_args::UnitKey;
use crate::schedule::Look;

/// A replay that is to run.
pub(crate) struct Work<'a> {
    pub(crate) unit: &'a Capture,
    pub(crate) replay: Replay,
    /// The files that the unit was made of.
    pub(crate) sources: BTreeSet<PathBuf>,
    /// What these held when its dependents were compiled; `None` if that does not matter.
    pub(crate) before: Option<Arc<Shape>>,
    /// Object files that are looked into if no dependent is compiled.
    pub(crate) tables: Vec<Vec<PathBuf>>,
}

/// A replay that ended.
pub(crate) struct Finished {
    pub(crate) key: UnitKey,
    /// When it began.
    pub(crate) started: SystemTime,
    pub(crate) outcome: Result<Outcome>,
    /// The sources as they were before rustc read them.
    pub(crate) shape: Option<Shape>,
    /// What these show to dependents, beside what they were compiled against.
    pub(crate) look: Look,
}

impl Work<'_> {
    /// Runs rustc, and looks at the sources meanwhile.
    pub(crate) fn run(self, tables: &SymbolTables) -> Finished {
        let (key, started) = (self.unit.key.clone(), SystemTime::now());
        let mut shape = Shape::now(&self.sources);
        let mut look = Look::Different;
        // Whoever waits for the result must get one.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let running = self.replay.start()?;
            if let (Some(before), Some(now)) = (&self.before, &shape) {
                let root = self.unit.manifest_dir().unwrap_or(Path::new("/"));
                if before.shows_the_same_as(now, Regime::of(&self.unit.args), root) {
                    look = Look::Same;
                    // Read now, they need not be read when rustc is done.
                    for files in &self.tables {
                        let _ = tables.of(files);
                    }
                }
            }
            running.finish()
        }));
        let outcome = outcome.unwrap_or_else(|_| {
            shape = None;
            Err(anyhow!("the replay of `{}` panicked", key.as_str()))
        });
        Finished {
            key,
            started,
            outcome,
            shape,
            look,
        }
    }
}
