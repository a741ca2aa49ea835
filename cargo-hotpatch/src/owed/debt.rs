//! The restart that is owed: for which files, and which edits must wait for it.
//!
//! Invariant: a file is part of the debt exactly while it differs, in a way that matters, from what the build found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::matter::Matter;
use super::reason::joined;
use crate::cargo::relative;
use crate::places::Place;
use crate::refusal::Refusal;
use crate::rustc_args::UnitKey;
use crate::unit_graph::UnitGraph;

/// How many further reasons are told.
const TOLD: usize = 3;

/// The debt: the reasons for a restart, the weightiest first.
#[derive(Debug, Default)]
pub(crate) struct Debt(BTreeMap<(Matter, PathBuf), String>);

/// A reason that is told now.
pub(crate) type Due = (Matter, PathBuf);

impl Debt {
    /// The debt of a program that was built under other circumstances than the present ones.
    pub(crate) fn of_circumstances(differences: &[String]) -> Self {
        let mut debt = Self::default();
        if !differences.is_empty() {
            let reason = format!(
                "the program was built in another way than is asked for now: {}",
                joined(differences)
            );
            debt.set(Matter::Circumstances, PathBuf::new(), Some(reason));
        }
        debt
    }

    /// Notes why a file needs a restart now, or that it needs none. Returns the reason's name where there is one.
    pub(crate) fn set(&mut self, matter: Matter, path: PathBuf, reason: Option<String>) -> Option<Due> {
        let due = (matter, path);
        match reason {
            Some(reason) => {
                self.0.insert(due.clone(), reason);
                Some(due)
            }
            None => {
                self.0.remove(&due);
                None
            }
        }
    }

    /// The reasons that cargo may have something to say about.
    pub(crate) fn read_by_cargo(&self) -> impl Iterator<Item = Due> {
        self.0
            .keys()
            .filter(|(matter, _)| matter.is_read_by_cargo())
            .cloned()
    }

    /// The reason that concerns none but the tool's caller, and so every edit.
    pub(crate) fn circumstances(&self) -> Option<Due> {
        self.0
            .keys()
            .find(|(matter, _)| *matter == Matter::Circumstances)
            .cloned()
    }

    /// The first reason for which the sources of these units would now be compiled in another way.
    pub(crate) fn concerning(&self, units: &BTreeSet<UnitKey>, graph: &UnitGraph) -> Option<Due> {
        if units.is_empty() {
            return None;
        }
        let concerns = |matter: &Matter| !graph.concerned(matter).is_disjoint(units);
        self.0.keys().find(|(matter, _)| concerns(matter)).cloned()
    }

    /// The answer to an edit for these reasons. `waiting` are sources that were saved as well.
    pub(crate) fn refusal(&self, due: &BTreeSet<Due>, waiting: &BTreeSet<PathBuf>) -> Option<Refusal> {
        let due_files: Vec<&PathBuf> = due.iter().map(|(_, path)| path).collect();
        let mut due = due.iter().filter_map(|due| Some((due, self.0.get(due)?)));
        let ((matter, path), reason) = due.next()?;
        let mut refusal = Refusal::new(matter.code(), reason);
        if path.is_file() {
            refusal = refusal.at(Place::of_file(relative(path)));
        }
        // A file may be part of several things; the first says enough.
        let mut told = vec![path];
        let mut more = Vec::new();
        for ((_, path), reason) in due {
            if !told.contains(&path) {
                told.push(path);
                more.push(reason);
            }
        }
        for reason in more.iter().take(TOLD) {
            refusal = refusal.note(*reason);
        }
        if more.len() > TOLD {
            refusal = refusal.note(format!(
                "and {} more files that decide about the build",
                more.len() - TOLD
            ));
        }
        let mut waiting = waiting.iter().filter(|path| !due_files.contains(path));
        if let Some(first) = waiting.next() {
            let others = waiting.count();
            let more = if others == 0 {
                String::new()
            } else {
                format!(" and {others} more")
            };
            refusal = refusal.note(format!(
                "the edit of `{}`{more} waits for that build",
                relative(first).display()
            ));
        }
        if matches!(matter, Matter::Outside(..)) {
            refusal = refusal.note("without `--cap-lints` in the flags for rustc, it could be edited live");
        }
        Some(refusal)
    }
}

#[cfg(test)]
mod tests {
    use hotpatch_abi::code;

    use super::*;

    #[test]
    fn the_weightiest_reason_comes_first_and_a_file_that_is_taken_back_leaves() {
        let mut debt = Debt::default();
        let lock = debt
            .set(Matter::Lock, "Cargo.lock".into(), Some("lock".into()))
            .unwrap();
        let manifest = debt
            .set(Matter::Manifest, "Cargo.toml".into(), Some("manifest".into()))
            .unwrap();
        let due = [lock, manifest].into();
        let refusal = debt.refusal(&due, &BTreeSet::new()).unwrap();
        assert_eq!(
            (refusal.code(), refusal.message()),
            (code::BUILD_INPUT, "manifest")
        );
        assert_eq!(refusal.full_message(), "manifest; lock");
        debt.set(Matter::Manifest, "Cargo.toml".into(), None);
        assert_eq!(debt.refusal(&due, &BTreeSet::new()).unwrap().message(), "lock");
    }
}
