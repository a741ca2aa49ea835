//! The patch with which a test binary starts instead of being linked again: where tests lead to what changed only
//! through hot functions.
//!
//! Invariant: it is made against the binary as it was linked last, and nothing but hot code has changed since.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use hotpatch_abi::names::{FIRST_PATCH_VAR, TAKEN};
use hotpatch_link::{Change, Parent, Unit};

use crate::events::How;
use crate::hot_entries;
use crate::live_patcher::LivePatcher;

/// What makes the patches of a binary.
#[derive(Debug)]
pub(super) struct FirstPatch {
    patcher: LivePatcher,
    file: Option<PathBuf>,
    made: u64,
}

impl FirstPatch {
    /// Begins to read a binary that was linked from `units`; `None` if it has no hot function.
    pub(super) fn of(binary: &Path, units: Vec<Unit>) -> Option<Self> {
        let is_hot = hot_entries::count(binary).is_ok_and(|count| count > 0);
        is_hot.then(|| Self {
            patcher: LivePatcher::open(binary.to_owned(), units),
            file: None,
            made: 0,
        })
    }

    /// Makes the patch that brings the current code into `folder`, if there is anything to bring. `None` where a patch
    /// would leave something as it was, or keep something: then nothing more is to be asked of it.
    pub(super) fn make(&mut self, units: &[Unit], linker: &Path, folder: &Path) -> Option<How> {
        let draft = match self.patcher.compare(units, &[None]) {
            Ok(Change::Patch(draft)) => draft,
            Ok(Change::Nothing { notes }) if notes.is_empty() => {
                self.file = None;
                return Some(How::Kept);
            }
            _ => return None,
        };
        let explanation = self.patcher.explain(&draft);
        if !explanation.unreached.is_empty() || !explanation.notes.is_empty() {
            return None;
        }
        self.made += 1;
        let file = folder.join(format!("first-{}.so", self.made));
        let patch = self.patcher.link(draft, Parent::Base, linker, &file).ok()?;
        self.file = Some(patch.path);
        Some(How::Patched)
    }

    /// Has a command begin with the patch, if there is one.
    pub(super) fn begin_with(&self, command: &mut Command) {
        if let Some(file) = &self.file {
            // Of a process that was ended early.
            let _ = std::fs::remove_file(file.with_extension(TAKEN));
            command.env(FIRST_PATCH_VAR, file);
        }
    }

    /// Whether a process has taken the patch, or there is none to take. The answer is for one process.
    ///
    /// # Errors
    ///
    /// The answer cannot be removed.
    pub(super) fn was_taken(&self) -> Result<bool> {
        let Some(file) = &self.file else {
            return Ok(true);
        };
        let taken = file.with_extension(TAKEN);
        let was_taken = taken.exists();
        if was_taken {
            std::fs::remove_file(taken)?;
        }
        Ok(was_taken)
    }
}
