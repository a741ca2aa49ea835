//! One test binary: what runs, what it was linked from, and which of its tests an edit concerns.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use hotpatch_link::{TestCode, Unit};

use super::bench::TestBench;
use super::first_patch::FirstPatch;
use super::libtest_args::LibtestArgs;
use super::listing::Listing;
use super::relink;
use crate::base::Base;
use crate::capture::Capture;
use crate::cargo_build::ArtifactTarget;
use crate::events::How;
use crate::plan::Plan;
use crate::session::environment;

/// A test binary.
#[derive(Debug)]
pub(crate) struct TestBinary {
    /// As cargo calls it: `unittests src/lib.rs`, `tests/api.rs`.
    pub(crate) title: String,
    /// The flags that choose it.
    pub(crate) flags: String,
    /// What runs.
    pub(crate) executable: PathBuf,
    pub(crate) base: Base,
    pub(crate) unit: Capture,
    /// What its harness lists; without a harness, nothing.
    pub(crate) listing: Listing,
    /// The tests that are to be run, with the functions that are the reason; `None`: the whole binary.
    pub(crate) pending: BTreeMap<Option<String>, BTreeSet<String>>,
    /// Tests that failed when they ran last.
    pub(crate) failing: BTreeSet<String>,
    env: BTreeMap<std::ffi::OsString, std::ffi::OsString>,
    code: Option<TestCode>,
    /// The files that were looked at last.
    looked: Vec<PathBuf>,
    /// What runs is the code of these.
    current: Vec<PathBuf>,
    /// A link of its own, not cargo's.
    relinked: Option<PathBuf>,
    /// What makes patches of what runs; `None` where only a new link will do.
    patch: Option<FirstPatch>,
    /// What runs was linked from these, and no patch of it can be made yet.
    unread: Option<Vec<Unit>>,
}

impl TestBinary {
    /// A binary that cargo built.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(crate) fn new(
        plan: &Plan,
        target: &ArtifactTarget,
        executable: &Path,
        base: Base,
        unit: Capture,
        args: &LibtestArgs,
    ) -> Result<Self> {
        let source = unit.manifest_dir().map_or(target.src_path.as_path(), |folder| {
            target.src_path.strip_prefix(folder).unwrap_or(&target.src_path)
        });
        let kind = target.kind.first().map_or("", String::as_str);
        let title = match kind {
            "test" | "bench" => source.display().to_string(),
            _ => format!("unittests {}", source.display()),
        };
        let flag = match kind {
            "bin" | "example" | "test" | "bench" => format!("--{kind} {}", target.name),
            _ => "--lib".to_owned(),
        };
        let mut binary = Self {
            title,
            flags: format!("-p {} {flag}", unit.package()),
            executable: executable.to_owned(),
            env: environment(&plan.env, &unit),
            base,
            unit,
            listing: Listing::default(),
            pending: BTreeMap::new(),
            failing: BTreeSet::new(),
            code: None,
            looked: Vec::new(),
            current: Vec::new(),
            relinked: None,
            patch: None,
            unread: None,
        };
        binary.list(args)?;
        Ok(binary)
    }

    /// Its place in the order of `cargo test`.
    pub(super) fn order(&self) -> (String, usize, String) {
        let kinds = ["--lib", "--bin", "--test", "--bench", "--example"];
        let place = kinds.iter().position(|kind| self.flags.contains(kind));
        (
            self.unit.package().to_owned(),
            place.unwrap_or(kinds.len()),
            self.flags.clone(),
        )
    }

    /// Whether it has rustc's harness; without one it is a program that runs as a whole.
    pub(crate) fn has_harness(&self) -> bool {
        self.unit.args.is_test()
    }

    /// The command that starts it, where cargo would.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command.env_clear().envs(&self.env);
        if let Some(patch) = &self.patch {
            patch.begin_with(&mut command);
        }
        if let Some(folder) = self.unit.manifest_dir() {
            command.current_dir(folder);
        }
        command
    }

    /// Asks the harness for its tests. Returns those that were not there before, or were ignored.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(crate) fn list(&mut self, args: &LibtestArgs) -> Result<BTreeSet<String>> {
        if !self.has_harness() {
            return Ok(BTreeSet::new());
        }
        let new = Listing::ask(|| self.command(), &args.choosing)?;
        let before = std::mem::replace(&mut self.listing, new);
        let now = &self.listing;
        let was = |test: &&String| {
            before.all.contains(*test) && before.ignored.contains(*test) == now.ignored.contains(*test)
        };
        let added = now.all.iter().filter(|test| !was(test)).cloned().collect();
        self.forget_gone();
        Ok(added)
    }

    /// Takes over from the binary that stood in its place before a new build: what is pending, and what is known of the
    /// code, so that the new objects can be compared with it. Returns whether there was one.
    pub(crate) fn succeed(&mut self, old: &mut Self) -> bool {
        if old.unit.key != self.unit.key {
            return false;
        }
        (self.code, self.looked) = (old.code.take(), std::mem::take(&mut old.looked));
        self.pending = std::mem::take(&mut old.pending);
        self.failing = std::mem::take(&mut old.failing);
        for test in self.listing.all.difference(&old.listing.all) {
            self.pending.entry(Some(test.clone())).or_default();
        }
        for test in old.listing.ignored.difference(&self.listing.ignored) {
            self.pending.entry(Some(test.clone())).or_default();
        }
        self.forget_gone();
        true
    }

    fn forget_gone(&mut self) {
        let all = &self.listing.all;
        self.failing.retain(|test| all.contains(test));
        self.pending
            .retain(|test, _| test.as_ref().is_none_or(|test| all.contains(test)));
    }

    /// The tests that the next run is about, with the functions that are the reason, and whether it is the whole binary.
    pub(crate) fn due(&self, args: &LibtestArgs) -> (BTreeSet<String>, BTreeSet<String>, bool) {
        let because = self.pending.values().flatten().cloned().collect();
        let runs = |test: &String| args.runs_ignored() || !self.listing.ignored.contains(test);
        if self.pending.contains_key(&None) {
            return (self.listing.chosen.clone(), because, true);
        }
        let tests = self.pending.keys().flatten();
        let tests = tests.filter(|test| self.listing.chosen.contains(*test) && runs(test));
        (tests.cloned().collect(), because, false)
    }

    /// The link is what cargo made of the current objects.
    pub(crate) fn is_linked(&mut self, units: &[Unit]) {
        self.current = files(units);
        (self.patch, self.unread) = (None, Some(units.to_vec()));
    }

    /// Reads the code that it was built from.
    ///
    /// # Errors
    ///
    /// The objects cannot be read.
    pub(crate) fn read(&mut self, units: &[Unit]) -> Result<()> {
        if let Some(folder) = self.unit.args.out_dir() {
            relink::sweep(folder);
        }
        self.looked = files(units);
        self.current = files(units);
        self.code = Some(TestCode::open(units, &self.listing.all)?);
        (self.patch, self.unread) = (None, Some(units.to_vec()));
        Ok(())
    }

    /// The tests that start one of these programs.
    ///
    /// # Errors
    ///
    /// The objects cannot be read.
    pub(crate) fn starting(&mut self, units: &[Unit], programs: &[String]) -> Result<BTreeSet<String>> {
        match &mut self.code {
            Some(code) => Ok(code.mentioning(units, programs)?),
            None => Ok(BTreeSet::new()),
        }
    }

    /// Finds the tests that an edit concerns, and keeps them for the next run. Returns whether only a new list tells
    /// what tests there are.
    ///
    /// # Errors
    ///
    /// The objects cannot be read.
    pub(crate) fn look(&mut self, units: &[Unit]) -> Result<bool> {
        let files = files(units);
        let (true, Some(code)) = (files != self.looked, &mut self.code) else {
            return Ok(false);
        };
        let concerned = code.look(units)?;
        self.looked = files;
        if !concerned.is_hot && !concerned.changed.is_empty() {
            (self.patch, self.unread) = (None, None);
        }
        if concerned.everything || (!self.has_harness() && concerned.main) {
            self.pending
                .entry(None)
                .or_default()
                .extend(concerned.changed.clone());
        }
        let described = concerned.described.as_ref();
        for (test, because) in &concerned.tests {
            if self.listing.all.contains(test) {
                self.pending
                    .entry(Some(test.clone()))
                    .or_default()
                    .extend(because.clone());
            }
        }
        // A test whose code cannot be told may lead to anything.
        let is_hidden = |test: &&String| described.is_none_or(|described| !described.contains(*test));
        if !concerned.changed.is_empty() {
            for test in self.listing.all.iter().filter(is_hidden) {
                let because = self.pending.entry(Some(test.clone())).or_default();
                because.extend(concerned.changed.clone());
            }
        }
        Ok(self.has_harness()
            && match described {
                Some(described) => {
                    let is_new = |test: &String| !self.listing.all.contains(test);
                    described.iter().any(is_new) || self.listing.all.iter().any(|test| is_hidden(&test))
                }
                None => true,
            })
    }

    /// Gives it the current code, unless it has it: with a patch where that brings all of it, else by a new link. `None`
    /// if it had it.
    ///
    /// # Errors
    ///
    /// The linker failed.
    pub(crate) fn renew(&mut self, bench: &TestBench) -> Result<Option<How>> {
        if self.current == self.looked {
            return Ok(None);
        }
        let units = bench.units_of(&self.base);
        let (linker, folder) = bench.for_patches(&self.unit.key)?;
        let patch = self.patch.as_mut();
        if let Some(how) = patch.and_then(|patch| patch.make(&units, linker, &folder)) {
            self.current.clone_from(&self.looked);
            return Ok(Some(how));
        }
        self.relink(bench, units)?;
        Ok(Some(How::Relinked))
    }

    /// Begins to read what runs, for patches of it. Not while tests run that somebody waits for.
    pub(crate) fn prepare_patch(&mut self) {
        if let Some(units) = self.unread.take() {
            let linked = self.relinked.clone();
            let binary = linked.unwrap_or_else(|| self.base.program());
            self.patch = FirstPatch::of(&binary, units);
        }
    }

    /// Whether the process that ran last had the current code. If not, the next one is linked.
    ///
    /// # Errors
    ///
    /// Its answer cannot be removed.
    pub(crate) fn had_current_code(&mut self) -> Result<bool> {
        let had = self.patch.as_ref().map_or(Ok(true), FirstPatch::was_taken)?;
        if !had {
            self.patch = None;
            self.current.clear();
        }
        Ok(had)
    }

    fn relink(&mut self, bench: &TestBench, units: Vec<Unit>) -> Result<()> {
        let folder = self
            .unit
            .args
            .out_dir()
            .context("the folder of the binary is not recorded")?;
        let output = folder.join(relink::name(&self.base.record().program));
        relink::relink(bench, &self.base, &output)?;
        self.current.clone_from(&self.looked);
        (self.patch, self.unread) = (None, Some(units));
        self.executable.clone_from(&output);
        self.relinked = Some(output);
        Ok(())
    }

    /// Learns from the list of a new binary.
    ///
    /// # Errors
    ///
    /// The objects cannot be read.
    pub(crate) fn relearn(&mut self, units: &[Unit]) -> Result<()> {
        match &mut self.code {
            Some(code) => Ok(code.relist(units, &self.listing.all)?),
            None => Ok(()),
        }
    }
}

impl Drop for TestBinary {
    fn drop(&mut self) {
        if let Some(relinked) = &self.relinked {
            let _ = std::fs::remove_file(relinked);
        }
    }
}

fn files(units: &[Unit]) -> Vec<PathBuf> {
    units.iter().flat_map(|unit| unit.objects.clone()).collect()
}
