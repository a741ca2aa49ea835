//! Replay: the recorded compilation of a changed crate, run again without cargo.
//!
//! Invariant: a replay writes only into the session's own folder and into rustc's incremental folder, which rustc
//! itself guards. Nothing that cargo made or that runs is touched.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::capture::{Capture, UnitKind};
use crate::diagnostic::Diagnostic;
use crate::interrupt::Interrupt;
use crate::out_dir;
use crate::roles::{RECORD_DIR, ROLE, Role};
use crate::rustc_args::UnitKey;

/// The replays of one session.
#[derive(Debug)]
pub(crate) struct Replays {
    dir: PathBuf,
    latest: BTreeMap<UnitKey, Replayed>,
    count: u64,
    /// The variables that the tool was started with.
    caller: BTreeMap<OsString, OsString>,
    interrupt: Interrupt,
}

/// What the last good replay of a unit made.
#[derive(Debug)]
struct Replayed {
    dir: PathBuf,
    previous: Option<PathBuf>,
    files: Vec<PathBuf>,
}

/// How a replay ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It compiled. The warnings, if any.
    Compiled(Vec<Diagnostic>),
    /// rustc refused the sources.
    Failed(Vec<Diagnostic>),
    /// It was ended early by [`Interrupt`].
    Interrupted,
}

impl Replays {
    /// Replays into `dir`.
    pub(crate) fn new(dir: PathBuf, caller: BTreeMap<OsString, OsString>, interrupt: Interrupt) -> Self {
        Self {
            dir,
            latest: BTreeMap::new(),
            count: 0,
            caller,
            interrupt,
        }
    }

    /// The files that replays made instead of those the program was linked from.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&UnitKey, &Vec<PathBuf>)> {
        self.latest.iter().map(|(key, replayed)| (key, &replayed.files))
    }

    /// The dep-info file of the last replay of a unit.
    pub(crate) fn dep_info(&self, key: &UnitKey) -> Option<PathBuf> {
        Some(self.latest.get(key)?.dir.join(format!("{}.d", key.as_str())))
    }

    /// Compiles a unit again, against the last replays of what it depends on.
    ///
    /// # Errors
    ///
    /// rustc could not be run, or its output could not be found.
    pub(crate) fn replay(&mut self, unit: &Capture) -> Result<Outcome> {
        self.count += 1;
        let dir = self.dir.join(unit.key.as_str()).join(self.count.to_string());
        let objects = dir.join("objects");
        std::fs::create_dir_all(&objects).with_context(|| format!("cannot make `{}`", objects.display()))?;
        let mut command = Command::new(&unit.rustc);
        self.arguments(&mut command, unit, &dir)?;
        let child = command
            .env_clear()
            .envs(unit.environment(&self.caller))
            .env(ROLE, Role::Recorder.as_str())
            .env(RECORD_DIR, &objects)
            .current_dir(&unit.cwd)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C in the terminal is for the program, which may go on.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot run `{}`", unit.rustc.display()))?;
        let (compiled, diagnostics) = self.finish(child, &unit.key)?;
        if !compiled {
            let _ = std::fs::remove_dir_all(&dir);
            let interrupted = self.interrupt.is_requested();
            return Ok(if interrupted {
                Outcome::Interrupted
            } else {
                Outcome::Failed(diagnostics)
            });
        }
        let files = match unit.kind {
            UnitKind::Program => files_in(&objects)?,
            _ => vec![dir.join(format!("lib{}.rlib", unit.key.as_str()))],
        };
        self.publish(&unit.key, dir, files);
        Ok(Outcome::Compiled(diagnostics))
    }

    fn arguments(&self, command: &mut Command, unit: &Capture, dir: &Path) -> Result<()> {
        for (_, replayed) in self.latest.iter().filter(|(key, _)| **key != unit.key) {
            command
                .arg("-L")
                .arg(format!("dependency={}", replayed.dir.display()));
        }
        out_dir::hand_over(command, &unit.args, dir, |path| {
            let replayed = self.latest.get(&UnitKey::of_library(path)?)?;
            Some(replayed.dir.join(path.file_name()?))
        })
    }

    fn finish(&self, mut child: Child, unit: &UnitKey) -> Result<(bool, Vec<Diagnostic>)> {
        let _running = self.interrupt.running(&child);
        let stderr = child.stderr.take().context("rustc has no standard error")?;
        let lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let diagnostics = lines.filter_map(|line| Diagnostic::parse(&line, unit)).collect();
        let status = child.wait().context("cannot wait for rustc")?;
        Ok((status.success(), diagnostics))
    }

    fn publish(&mut self, key: &UnitKey, dir: PathBuf, files: Vec<PathBuf>) {
        let old = self.latest.remove(key);
        if let Some(outdated) = old.as_ref().and_then(|old| old.previous.as_ref()) {
            let _ = std::fs::remove_dir_all(outdated);
        }
        let previous = old.map(|old| old.dir);
        self.latest.insert(key.clone(), Replayed { dir, previous, files });
    }
}

fn files_in(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("cannot read `{}`", dir.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension() == Some(OsStr::new("o")))
        .collect();
    files.sort();
    Ok(files)
}
