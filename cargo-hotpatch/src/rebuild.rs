//! Compiles stale units, and of those that depend on them the ones for which something changed.
//!
//! Invariant: a unit is passed over only if what its dependencies show to others is what it was compiled against. If
//! that is not known for sure, it is compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, available_parallelism};

use anyhow::{Error, Result};

use crate::diagnostic::Diagnostic;
use crate::edit::{Compilation, Rebuilt};
use crate::inputs::Inputs;
use crate::interface::{Offers, Shape, SymbolTables};
use crate::project::Project;
use crate::replay::{Outcome, Replays};
use crate::rustc_args::UnitKey;
use crate::schedule::{Look, Schedule};
use crate::terminal::Terminal;
use crate::unit_graph::{self, UnitGraph};
use crate::work::{Finished, Work};

/// Sources are parsed there, by a parser that calls itself.
const STACK: usize = 64 << 20;

/// What has to be compiled, kept until it is.
#[derive(Debug, Default)]
pub(crate) struct Stale {
    /// These units must be compiled.
    pub(crate) units: BTreeSet<UnitKey>,
    /// Those among them that depend on something that looks different from what they were compiled against.
    affected: BTreeSet<UnitKey>,
}

/// Everything that compiling touches.
pub(crate) struct Rebuild<'a> {
    pub(crate) project: &'a Project,
    pub(crate) graph: &'a UnitGraph,
    /// The files that the program was linked from.
    pub(crate) built: BTreeMap<UnitKey, Vec<PathBuf>>,
    pub(crate) inputs: &'a mut Inputs,
    pub(crate) replays: &'a mut Replays,
    pub(crate) offers: &'a mut Offers,
    pub(crate) tables: &'a SymbolTables,
    pub(crate) stale: &'a mut Stale,
    pub(crate) terminal: Terminal,
}

/// Why not everything compiled.
#[derive(Default)]
struct End {
    failed: Option<Vec<Diagnostic>>,
    interrupted: bool,
    error: Option<Error>,
}

impl Rebuild<'_> {
    /// Compiles.
    ///
    /// # Errors
    ///
    /// rustc cannot be run.
    pub(crate) fn run(mut self) -> Result<Rebuilt> {
        let changed = self.stale.units.clone();
        let mut compiled = Vec::new();
        while !self.stale.units.is_empty() {
            if let Some(end) = self.compile(&changed, &mut compiled)? {
                return Ok(end);
            }
            for key in self.missed() {
                self.offer(&key);
            }
        }
        self.tables.sweep();
        Ok(Rebuilt::Compiled(self.compilation(&compiled)))
    }

    /// Compiles what is due, and what becomes due with it. Returns how it ended if not everything compiled.
    fn compile(&mut self, changed: &BTreeSet<UnitKey>, done: &mut Vec<UnitKey>) -> Result<Option<Rebuilt>> {
        let (graph, tables) = (self.graph, self.tables);
        let order = graph.stale(&self.stale.units);
        let mut schedule = Schedule::new(&order, &self.stale.units, |key| {
            unit_graph::dependencies(&graph.units()[key]).collect::<Vec<_>>()
        });
        let at_once = available_parallelism().map_or(1, NonZero::get);
        let mut end = End::default();
        let (sender, receiver) = channel();
        thread::scope(|scope| -> Result<()> {
            let mut running = 0;
            loop {
                // After a failure nothing is started, but what was compiled meanwhile counts.
                while !end.is_there() && running < at_once {
                    let Some(key) = schedule.start() else { break };
                    let unit = &graph.units()[&key];
                    let work = Work {
                        unit,
                        replay: self.replays.prepare(unit)?,
                        sources: self.inputs.of_unit(&key),
                        before: self.before(&key),
                        tables: self.looked_into(&key),
                    };
                    let sender = sender.clone();
                    let thread = thread::Builder::new().stack_size(STACK);
                    thread.spawn_scoped(scope, move || {
                        // Nobody receives it after an error.
                        let _ = sender.send(work.run(tables));
                    })?;
                    running += 1;
                }
                if running == 0 {
                    return Ok(());
                }
                let finished = receiver.recv()?;
                running -= 1;
                if let Some((key, look)) = self.take(finished, changed, &mut end) {
                    schedule.settle(&key, look);
                    done.push(key);
                }
            }
        })?;
        end.into_result()
    }

    /// The sources of what the dependents of a unit were compiled against. `None` where these must be compiled anyway:
    /// something that the unit depends on changed, and may be seen through it.
    fn before(&mut self, key: &UnitKey) -> Option<Arc<Shape>> {
        if self.stale.affected.contains(key) {
            return None;
        }
        self.offers.shape(key)
    }

    /// The object files that tell whether the dependents of a unit find in its new objects all that they need.
    fn looked_into(&self, key: &UnitKey) -> Vec<Vec<PathBuf>> {
        let above = self.graph.stale(&[key.clone()].into());
        let above = above.iter().filter(|above| *above != key);
        let files = above.map(|key| self.files(key));
        files.chain([self.offered_files(key)]).collect()
    }

    /// Takes in what a replay made. Returns the unit and how it looks now.
    fn take(
        &mut self,
        finished: Finished,
        changed: &BTreeSet<UnitKey>,
        end: &mut End,
    ) -> Option<(UnitKey, Look)> {
        let key = finished.key;
        let compiled = match finished.outcome {
            Ok(Outcome::Compiled(compiled)) => compiled,
            Ok(Outcome::Failed(diagnostics)) => {
                end.failed.get_or_insert_default().extend(diagnostics);
                return None;
            }
            Ok(Outcome::Interrupted) => {
                end.interrupted = true;
                return None;
            }
            Err(error) => {
                end.error = Some(error);
                return None;
            }
        };
        if changed.contains(&key) {
            // The warnings of a crate that did not change have been read before.
            self.terminal.diagnostics(&compiled.diagnostics);
        }
        self.replays.accept(compiled);
        if let Some(dep_info) = self.replays.dep_info(&key) {
            let unit = &self.graph.units()[&key];
            self.inputs.renew(self.project, unit, dep_info, finished.started);
        }
        self.stale.units.remove(&key);
        self.stale.affected.remove(&key);
        // What was saved meanwhile may or may not be part of it.
        let sources = self.inputs.of_unit(&key);
        let is_what_was_read = finished.shape.is_some_and(|shape| shape.is_still(&sources));
        if finished.look == Look::Different || !is_what_was_read {
            self.offer(&key);
            return Some((key, Look::Different));
        }
        Some((key, Look::Same))
    }

    /// From now on dependents are compiled against the last replay of a unit, and all that there are have to be.
    fn offer(&mut self, key: &UnitKey) {
        self.replays.offer(key);
        // The stamps are older than the replay, so what still has them is what rustc read.
        let shape = Shape::stamped(self.inputs.stamps_of_unit(key));
        self.offers.note(key, shape);
        let dependents = self.graph.dependents(key);
        self.stale.units.extend(dependents.iter().cloned());
        self.stale.affected.extend(dependents);
    }

    /// Units whose last replay lacks something that its dependents have found in an earlier one: the copy of a generic
    /// function, which rustc leaves out where it is already in a dependency.
    fn missed(&self) -> Vec<UnitKey> {
        let ahead = self.graph.units().keys().filter(|key| self.replays.is_ahead(key));
        let lacks = |key: &&UnitKey| {
            let before = self.tables.of(&self.offered_files(key));
            let (Some(before), Some(now)) = (before, self.tables.of(&self.files(key))) else {
                return true;
            };
            let above = self.graph.stale(&[(*key).clone()].into());
            above.iter().filter(|above| above != key).any(|above| {
                let needs = self.tables.of(&self.files(above));
                needs.is_none_or(|needs| needs.miss(&before, &now))
            })
        };
        ahead.filter(lacks).cloned().collect()
    }

    /// The current object files of a unit.
    fn files(&self, key: &UnitKey) -> Vec<PathBuf> {
        let replayed = self.replays.files_of(key).cloned();
        replayed
            .or_else(|| self.built.get(key).cloned())
            .unwrap_or_default()
    }

    /// The object files of what dependents of a unit are compiled against.
    fn offered_files(&self, key: &UnitKey) -> Vec<PathBuf> {
        match self.replays.offered(key) {
            Some(library) => vec![library],
            None => self.built.get(key).cloned().unwrap_or_default(),
        }
    }

    fn compilation(&self, compiled: &[UnitKey]) -> Compilation {
        let done: BTreeSet<_> = compiled.iter().cloned().collect();
        let above = self.graph.stale(&done);
        let name = |key: &UnitKey| {
            let name = self.graph.units()[key].args.crate_name();
            name.unwrap_or(key.as_str()).to_owned()
        };
        Compilation {
            compiled: compiled.iter().map(name).collect(),
            reused: above.iter().filter(|key| !done.contains(key)).map(name).collect(),
        }
    }
}

impl End {
    fn is_there(&self) -> bool {
        self.failed.is_some() || self.interrupted || self.error.is_some()
    }

    fn into_result(self) -> Result<Option<Rebuilt>> {
        match self {
            Self {
                error: Some(error), ..
            } => Err(error),
            Self {
                interrupted: true, ..
            } => Ok(Some(Rebuilt::Interrupted)),
            Self { failed, .. } => Ok(failed.map(Rebuilt::Failed)),
        }
    }
}
