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
use crate::interrupt::{Guard, Interrupt};
use crate::out_dir;
use crate::roles::{RECORD_DIR, ROLE, Role};
use crate::rustc_args::UnitKey;

/// The replays of one session.
#[derive(Debug)]
pub(crate) struct Replays {
    dir: PathBuf,
    units: BTreeMap<UnitKey, Replayed>,
    count: u64,
    /// The variables that the tool was started with.
    caller: BTreeMap<OsString, OsString>,
    interrupt: Interrupt,
}

/// What the good replays of a unit made.
#[derive(Debug)]
struct Replayed {
    /// The folders that are kept, the latest last.
    dirs: Vec<PathBuf>,
    /// The object files of the latest.
    files: Vec<PathBuf>,
    /// The folder that dependents are compiled against; `None` for what cargo built.
    offered: Option<PathBuf>,
}

/// A replay that is about to run.
#[derive(Debug)]
pub(crate) struct Replay {
    key: UnitKey,
    kind: UnitKind,
    dir: PathBuf,
    command: Command,
    interrupt: Interrupt,
}

/// A replay that runs.
#[derive(Debug)]
pub(crate) struct Running {
    replay: Replay,
    child: Child,
    guard: Guard,
}

/// How a replay ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It compiled.
    Compiled(Compiled),
    /// rustc refused the sources.
    Failed(Vec<Diagnostic>),
    /// It was ended early by [`Interrupt`].
    Interrupted,
}

/// What a replay made.
#[derive(Debug)]
pub(crate) struct Compiled {
    key: UnitKey,
    dir: PathBuf,
    files: Vec<PathBuf>,
    /// The warnings, if any.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Replays {
    /// Replays into `dir`.
    pub(crate) fn new(dir: PathBuf, caller: BTreeMap<OsString, OsString>, interrupt: Interrupt) -> Self {
        Self {
            dir,
            units: BTreeMap::new(),
            count: 0,
            caller,
            interrupt,
        }
    }

    /// The files that replays made instead of those the program was linked from.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&UnitKey, &Vec<PathBuf>)> {
        self.units.iter().map(|(key, replayed)| (key, &replayed.files))
    }

    /// The same for one unit.
    pub(crate) fn files_of(&self, key: &UnitKey) -> Option<&Vec<PathBuf>> {
        Some(&self.units.get(key)?.files)
    }

    /// The dep-info file of the last replay of a unit.
    pub(crate) fn dep_info(&self, key: &UnitKey) -> Option<PathBuf> {
        Some(
            self.units
                .get(key)?
                .dirs
                .last()?
                .join(format!("{}.d", key.stem())),
        )
    }

    /// Whether dependents are compiled against something older than the last replay of a unit.
    pub(crate) fn is_ahead(&self, key: &UnitKey) -> bool {
        self.units
            .get(key)
            .is_some_and(|replayed| replayed.dirs.last() != replayed.offered.as_ref())
    }

    /// The library that dependents of a unit are compiled against; `None` for what cargo built.
    pub(crate) fn offered(&self, key: &UnitKey) -> Option<PathBuf> {
        Some(library(self.units.get(key)?.offered.as_ref()?, key))
    }

    /// From now on, dependents are compiled against the last replay of a unit.
    pub(crate) fn offer(&mut self, key: &UnitKey) {
        if let Some(replayed) = self.units.get_mut(key) {
            replayed.offered = replayed.dirs.last().cloned();
            replayed.sweep();
        }
    }

    /// Prepares to compile a unit again, against what is offered of those that it depends on.
    ///
    /// # Errors
    ///
    /// The folder for its output cannot be made.
    pub(crate) fn prepare(&mut self, unit: &Capture) -> Result<Replay> {
        self.count += 1;
        let dir = self.dir.join(unit.key.as_str()).join(self.count.to_string());
        let objects = dir.join("objects");
        std::fs::create_dir_all(&objects).with_context(|| format!("cannot make `{}`", objects.display()))?;
        let mut command = unit.command();
        self.arguments(&mut command, unit, &dir)?;
        command
            .env_clear()
            .envs(unit.environment(&self.caller))
            .env(ROLE, Role::Recorder.as_str())
            .env(RECORD_DIR, &objects)
            .current_dir(&unit.cwd)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C in the terminal is for the program, which may go on.
            .process_group(0);
        Ok(Replay {
            key: unit.key.clone(),
            kind: unit.kind,
            dir,
            command,
            interrupt: self.interrupt.clone(),
        })
    }

    fn arguments(&self, command: &mut Command, unit: &Capture, dir: &Path) -> Result<()> {
        let offered = self.units.iter().filter(|(key, _)| **key != unit.key);
        for dir in offered.filter_map(|(_, replayed)| replayed.offered.as_ref()) {
            command.arg("-L").arg(format!("dependency={}", dir.display()));
        }
        out_dir::hand_over(command, &unit.args, dir, |path| {
            let offered = self.units.get(&UnitKey::of_library(path)?)?.offered.as_ref()?;
            Some(offered.join(path.file_name()?))
        })
    }

    /// Takes what a replay made as the current code of its unit. What dependents are compiled against stays as it is.
    pub(crate) fn accept(&mut self, compiled: Compiled) {
        let replayed = self.units.entry(compiled.key).or_insert_with(|| Replayed {
            dirs: Vec::new(),
            files: Vec::new(),
            offered: None,
        });
        replayed.dirs.push(compiled.dir);
        replayed.files = compiled.files;
        replayed.sweep();
    }
}

impl Replayed {
    /// Removes what nobody uses any more. What is live may have come from the replay before the last.
    fn sweep(&mut self) {
        let recent = self.dirs.len().saturating_sub(2);
        let (kept, outdated) = std::mem::take(&mut self.dirs)
            .into_iter()
            .enumerate()
            .partition::<Vec<_>, _>(|(index, dir)| *index >= recent || Some(dir) == self.offered.as_ref());
        for (_, dir) in outdated {
            let _ = std::fs::remove_dir_all(dir);
        }
        self.dirs = kept.into_iter().map(|(_, dir)| dir).collect();
    }
}

impl Replay {
    /// Starts rustc.
    ///
    /// # Errors
    ///
    /// rustc cannot be run.
    pub(crate) fn start(mut self) -> Result<Running> {
        let started = self.command.spawn();
        let child =
            started.with_context(|| format!("cannot run `{}`", self.command.get_program().display()))?;
        let guard = self.interrupt.running(&child);
        Ok(Running {
            replay: self,
            child,
            guard,
        })
    }
}

impl Running {
    /// Waits for rustc.
    ///
    /// # Errors
    ///
    /// Its output cannot be found.
    pub(crate) fn finish(self) -> Result<Outcome> {
        let Self {
            replay,
            mut child,
            guard,
        } = self;
        let stderr = child.stderr.take().context("rustc has no standard error")?;
        let lines = BufReader::new(stderr).lines().map_while(Result::ok);
        let diagnostics = lines
            .filter_map(|line| Diagnostic::parse(&line, &replay.key))
            .collect();
        let status = child.wait().context("cannot wait for rustc")?;
        drop(guard);
        let Replay {
            key,
            kind,
            dir,
            interrupt,
            ..
        } = replay;
        if !status.success() {
            let _ = std::fs::remove_dir_all(&dir);
            return Ok(if interrupt.is_requested() {
                Outcome::Interrupted
            } else {
                Outcome::Failed(diagnostics)
            });
        }
        let files = match kind {
            UnitKind::Program => files_in(&dir.join("objects"))?,
            _ => vec![library(&dir, &key)],
        };
        Ok(Outcome::Compiled(Compiled {
            key,
            dir,
            files,
            diagnostics,
        }))
    }
}

fn library(dir: &Path, key: &UnitKey) -> PathBuf {
    dir.join(format!("lib{}.rlib", key.stem()))
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
