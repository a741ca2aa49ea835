//! One edit in a session of tests: from a save to the tests that it concerns.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::inbox::FileEvent;
use super::test_session::{Built, Run, TestSession};
use crate::base::Base;
use crate::cargo::relative;
use crate::diagnostic::Diagnostic;
use crate::edit::Rebuilt;
use crate::events::{Event, How};
use crate::plan::Plan;
use crate::refusal::{Exit, Refusal};
use crate::runnable::Runnable;
use crate::testing::{self, Programs, TestBench, TestBinary};

/// An editor that replaces a file gets so long.
const REPLACING: Duration = Duration::from_millis(150);

impl TestSession {
    /// Reads the code of all tests, and finds out which programs they start.
    ///
    /// # Errors
    ///
    /// Objects cannot be read.
    pub(super) fn read_code(&mut self) -> Result<()> {
        for binary in &mut self.binaries {
            binary.read(&self.bench.units_of(&binary.base))?;
        }
        self.find_programs()
    }

    /// Follows the programs that tests start too. The others need not be compiled.
    fn find_programs(&mut self) -> Result<()> {
        let built = std::mem::take(&mut self.built.programs);
        if built.is_empty() {
            return Ok(());
        }
        let all = built.iter().map(|(_, base)| base);
        let bench = self.open_bench(all)?;
        self.programs = Programs::find(&bench, &mut self.binaries, built)?;
        self.bench = self.open_bench(self.programs.bases())?;
        self.follow()
    }

    /// The bench of all tests and of these programs.
    fn open_bench<'a>(&'a self, programs: impl Iterator<Item = &'a Base>) -> Result<TestBench> {
        TestBench::open(
            &self.options.plan,
            self.binaries.iter().map(|binary| &binary.base).chain(programs),
            self.built.started,
            &self.built.local,
            self.interrupt.clone(),
        )
    }

    /// Takes up what was saved since the last look, and what is saved meanwhile.
    ///
    /// # Errors
    ///
    /// The files cannot be watched any more.
    pub(super) fn saved(&mut self, first: FileEvent) -> Result<()> {
        let mut next = Some(first);
        let mut failed = None;
        let mut looked_again = false;
        while let Some(event) = next {
            let at = event.at;
            let is_awaited = self.bench.is_stale() && event.path.is_file();
            self.inbox.settle(event);
            let start = Instant::now();
            while self.bench.any_missing() && start.elapsed() < REPLACING {
                std::thread::sleep(Duration::from_millis(5));
            }
            let looked = self.bench.look();
            if !looked.files.is_empty() || is_awaited {
                self.saved.get_or_insert(at);
                self.options
                    .log
                    .record(&Event::ChangeDetected { files: &looked.files });
                failed = match &looked.decides {
                    Some(path) => {
                        self.build_again(&format!("`{}` has changed", relative(path).display()));
                        None
                    }
                    None if self.owes_build => {
                        self.build_again("the last build has failed");
                        None
                    }
                    None => self.take_up()?,
                };
                looked_again = false;
                self.follow()?;
            }
            next = self.inbox.take_file_events();
            if next.is_none() && failed.is_some() && !looked_again {
                looked_again = true;
                next = Some(FileEvent::now());
            }
        }
        if let Some(diagnostics) = failed {
            self.options.terminal.diagnostics(&diagnostics);
            self.options
                .terminal
                .error("the edit does not compile; the tests wait for the next save");
            self.options.log.record(&Event::BuildFailed);
            self.hold();
        }
        Ok(())
    }

    /// Compiles what changed. Returns what rustc said if it does not compile.
    fn take_up(&mut self) -> Result<Option<Vec<Diagnostic>>> {
        let compilation = match self.bench.rebuild(self.options.terminal)? {
            Rebuilt::Compiled(compilation) => compilation,
            Rebuilt::Interrupted => return Ok(None),
            Rebuilt::Failed(mut diagnostics) => {
                // The same source is part of several crates.
                let mut said = BTreeSet::new();
                diagnostics.retain(|diagnostic| said.insert(diagnostic.rendered().to_owned()));
                return Ok(Some(diagnostics));
            }
        };
        self.options.log.record(&Event::Compiled {
            crates: &compilation.compiled,
            reused: &compilation.reused,
        });
        if let Err(error) = self.find_concerned() {
            // Cargo can always do it.
            self.build_again(&format!("{error:#}"));
        }
        Ok(None)
    }

    fn find_concerned(&mut self) -> Result<()> {
        let run = &mut self.run;
        self.programs
            .look(&self.bench, &mut self.binaries, || Run::abandon(run))?;
        let mut due = Vec::new();
        for binary in &mut self.binaries {
            let is_relisted = binary.look(&self.bench.units_of(&binary.base))?;
            due.push(is_relisted || !binary.pending.is_empty());
        }
        self.link(&due)?;
        self.taken_up();
        Ok(())
    }

    /// Gives the binaries that are to run the current code, all at once, unless they have it.
    pub(super) fn link_what_is_due(&mut self) -> Result<()> {
        let due = |binary: &TestBinary| !binary.pending.is_empty();
        self.link(&self.binaries.iter().map(due).collect::<Vec<_>>())
    }

    fn link(&mut self, due: &[bool]) -> Result<()> {
        if !due.contains(&true) {
            return Ok(());
        }
        self.abandon();
        let bench = &self.bench;
        let renewed: Vec<Result<Option<How>>> = thread::scope(|scope| {
            let due = self.binaries.iter_mut().zip(due);
            let threads: Vec<_> = due
                .map(|(binary, is_due)| is_due.then(|| scope.spawn(|| binary.renew(bench))))
                .collect();
            let ends = threads
                .into_iter()
                .map(|thread| match thread.map(ScopedJoinHandle::join) {
                    Some(Ok(renewed)) => renewed,
                    Some(Err(panic)) => resume_unwind(panic),
                    None => Ok(None),
                });
            ends.collect()
        });
        for (index, how) in renewed.into_iter().enumerate() {
            if let Some(how) = how? {
                self.how[index] = how;
                if how == How::Relinked {
                    self.list_again(index)?;
                }
            }
        }
        Ok(())
    }

    fn taken_up(&mut self) {
        self.wake();
        if self.binaries.iter().all(|binary| binary.pending.is_empty()) {
            self.nothing_to_do();
        }
    }

    fn nothing_to_do(&mut self) {
        self.options.log.record(&Event::NothingToDo { notes: &[] });
        self.options
            .terminal
            .status("Unchanged", "the edit changes the code of no test");
    }

    /// Asks a binary that was linked anew for its tests: those that are new are to be run.
    fn list_again(&mut self, index: usize) -> Result<()> {
        let units = self.bench.units_of(&self.binaries[index].base);
        let binary = &mut self.binaries[index];
        for test in binary.list(&self.options.args)? {
            binary.pending.entry(Some(test)).or_default();
        }
        binary.relearn(&units)
    }

    /// Lets cargo build the tests. What it makes of them is compared with what they were.
    fn build_again(&mut self, why: &str) {
        self.abandon();
        self.options
            .terminal
            .status("Building", format_args!("the tests anew: {why}"));
        self.owes_build = true;
        let Err(error) = self.try_build() else {
            self.owes_build = false;
            self.taken_up();
            return;
        };
        match error.downcast::<Refusal>() {
            Ok(refusal) => self.options.terminal.refusal(&refusal),
            Err(error) if error.is::<Exit>() => {}
            Err(error) => self.options.terminal.failure(&error),
        }
        self.options
            .terminal
            .error("the tests were not built; they wait for the next save");
        self.options.log.record(&Event::BuildFailed);
        self.hold();
    }

    fn try_build(&mut self) -> Result<()> {
        let options = &mut self.options;
        options.plan = Plan::choosing(&options.selection.selection, Runnable::for_tests)?;
        let built = testing::build(&options.plan, &options.selection, &options.args)?;
        let mut old = std::mem::replace(&mut self.binaries, built.binaries);
        self.how = vec![How::Built; self.binaries.len()];
        self.built = Built {
            programs: built.programs,
            started: built.started,
            local: built.local,
        };
        self.bench = self.open_bench(std::iter::empty())?;
        for binary in &mut self.binaries {
            let units = self.bench.units_of(&binary.base);
            if old.iter_mut().any(|old| binary.succeed(old)) {
                binary.look(&units)?;
                binary.is_linked(&units);
                binary.relearn(&units)?;
            } else {
                binary.pending.entry(None).or_default();
                binary.read(&units)?;
            }
        }
        self.find_programs()
    }
}
