//! One recorded program and what its sources have become since: from changed files to a linked patch.
//!
//! Invariant: a unit stays stale until a replay of it and of everything it depends on has compiled, whatever happens
//! in between; objects are compared only when no unit is stale.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use hotpatch_link::{Change, Draft, Parent, Patch, Unit};

use crate::base::Base;
use crate::capture::Capture;
use crate::edit::{Edit, Rebuilt};
use crate::inputs::{Inputs, Owner};
use crate::interrupt::Interrupt;
use crate::live_patcher::LivePatcher;
use crate::patch_linker;
use crate::places::{self, Crate};
use crate::plan::{Built, Plan};
use crate::project::Project;
use crate::refusal::Refusal;
use crate::replay::{Outcome, Replays};
use crate::rustc_args::UnitKey;
use crate::scratch_dir::ScratchDir;
use crate::terminal::Terminal;
use crate::unit_graph::UnitGraph;
use crate::unreached;

/// The workbench.
#[derive(Debug)]
pub(crate) struct Workbench {
    project: Project,
    base: Base,
    graph: UnitGraph,
    inputs: Inputs,
    replays: Replays,
    stale: BTreeSet<UnitKey>,
    patcher: LivePatcher,
    linker: PathBuf,
    patches: u64,
    scratch: ScratchDir,
}

impl Workbench {
    /// Takes up a program that was just built, or one that was built earlier.
    ///
    /// # Errors
    ///
    /// Its records cannot be read.
    pub(crate) fn open(plan: &Plan, built: Built, interrupt: Interrupt) -> Result<Self> {
        let (graph, inputs) = Self::note_inputs(plan, &built)?;
        let base = built.base;
        let scratch = ScratchDir::new(&plan.state.sessions())?;
        let replays = Replays::new(scratch.path().join("out"), interrupt);
        let linker = patch_linker::find(plan, &graph)?;
        let patcher = LivePatcher::open(base.program(), units(&base, &graph, &replays));
        let (project, stale) = (plan.project.clone(), BTreeSet::new());
        Ok(Self {
            project,
            base,
            graph,
            inputs,
            replays,
            stale,
            patcher,
            linker,
            patches: 0,
            scratch,
        })
    }

    /// Notes what the sources of a program held when it was built, unless that is noted already: patches are made
    /// of what differs.
    ///
    /// # Errors
    ///
    /// The records of the program cannot be read.
    pub(crate) fn note_inputs(plan: &Plan, built: &Built) -> Result<(UnitGraph, Inputs)> {
        let Built { base, started, .. } = built;
        let captures = Capture::load_all(&plan.state)?;
        let graph = UnitGraph::new(captures, &base.record().units.keys().cloned().collect())?;
        let inputs = match Inputs::load(&base.inputs()) {
            Some(inputs) => inputs,
            None => {
                let inputs = Inputs::of(&graph, &plan.project, *started);
                inputs.save(&base.inputs())?;
                inputs
            }
        };
        Ok((graph, inputs))
    }

    /// What the program was linked from.
    pub(crate) fn base(&self) -> &Base {
        &self.base
    }

    /// The compilation of the program itself.
    pub(crate) fn program_unit(&self) -> Option<&Capture> {
        self.graph
            .units()
            .values()
            .find(|unit| unit.key.as_str() == self.base.record().program)
    }

    /// Whether a file is gone, maybe only for a moment.
    pub(crate) fn any_missing(&self) -> bool {
        self.inputs.any_missing()
    }

    /// The files of the program.
    pub(crate) fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The folders that hold the sources of its crates, all the way down.
    pub(crate) fn source_trees(&self) -> BTreeSet<PathBuf> {
        let trees = self
            .graph
            .units()
            .values()
            .filter_map(|unit| Some(unit.manifest_dir()?.join("src")));
        trees.filter(|tree| tree.is_dir()).collect()
    }

    /// Looks at the files. Units that changed are stale from now on.
    pub(crate) fn look(&mut self) -> Edit {
        let mut edit = Edit::default();
        for changed in self.inputs.changed() {
            let path = changed.path;
            for owner in changed.owners {
                match owner {
                    Owner::Unit(key) => {
                        self.stale.insert(key);
                    }
                    Owner::Own | Owner::Build if changed.restored => {}
                    Owner::Own => edit.own.push(path.clone()),
                    Owner::Build => edit.build.push(path.clone()),
                }
            }
            edit.files.push(path);
        }
        edit
    }

    /// Whether sources changed that have not been compiled since.
    pub(crate) fn is_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    /// Compiles what is stale and what depends on it.
    ///
    /// # Errors
    ///
    /// rustc cannot be run.
    pub(crate) fn rebuild(&mut self, terminal: Terminal) -> Result<Rebuilt> {
        let changed = std::mem::take(&mut self.stale);
        let order = self.graph.stale(&changed);
        self.stale.extend(order.iter().cloned());
        for key in order {
            let started = SystemTime::now();
            let unit = &self.graph.units()[&key];
            match self.replays.replay(unit)? {
                Outcome::Interrupted => return Ok(Rebuilt::Interrupted),
                Outcome::Failed(diagnostics) => return Ok(Rebuilt::Failed(diagnostics)),
                Outcome::Compiled(diagnostics) => {
                    // The warnings of a crate that did not change have been read before.
                    if changed.contains(&key) {
                        terminal.diagnostics(&diagnostics);
                    }
                    if let Some(dep_info) = self.replays.dep_info(&key) {
                        self.inputs.renew(&self.project, unit, dep_info, started);
                    }
                    self.stale.remove(&key);
                }
            }
        }
        Ok(Rebuilt::Compiled)
    }

    /// Compares the current objects with what is live. Functions that are no news to the user count as unchanged.
    ///
    /// # Errors
    ///
    /// The edit is refused: also where no hot function reaches it. Or the objects cannot be read.
    pub(crate) fn compare(&mut self) -> Result<Compared> {
        let change = self
            .patcher
            .compare(&units(&self.base, &self.graph, &self.replays))
            .map_err(|refusal| self.located(*refusal))?;
        Ok(match change {
            Change::Nothing { notes } => Compared::Nothing { notes },
            Change::Patch(draft) => Compared::Patch(draft),
            Change::Unreachable { changed, notes } => match unreached::worth_naming(&changed, &self.crates())
            {
                changed if changed.is_empty() => Compared::Nothing { notes },
                changed => return Err(self.located(unreached::refusal(&changed, &notes)).into()),
            },
        })
    }

    /// The refusal with the place of its item in the sources.
    fn located(&self, refusal: Refusal) -> Refusal {
        let searched = |(key, unit)| Crate {
            unit,
            files: self.inputs.of_unit(key),
        };
        refusal.located(|subject| places::find(subject, self.graph.units().iter().map(searched)))
    }

    /// The changed functions that a patch leaves as they are.
    pub(crate) fn unreached(&self, draft: &Draft) -> Vec<String> {
        unreached::worth_naming(draft.unreached(), &self.crates())
    }

    /// The names of the program's own crates.
    fn crates(&self) -> BTreeSet<String> {
        let units = self.graph.units().values();
        units
            .filter_map(|unit| Some(unit.args.crate_name()?.to_owned()))
            .collect()
    }

    /// Links a patch into `out`, or into the session's own folder.
    ///
    /// # Errors
    ///
    /// The edit is refused, or the linker failed.
    pub(crate) fn link(&mut self, draft: Draft, parent: Parent, out: Option<&Path>) -> Result<Patch> {
        self.patches += 1;
        let own = self.scratch.path().join(format!("patch-{}.so", self.patches));
        let patch = self
            .patcher
            .link(draft, parent, &self.linker, out.unwrap_or(&own));
        patch.map_err(|refusal| self.located(*refusal).into())
    }

    /// A process acknowledged the patch.
    pub(crate) fn commit(&mut self, patch: Patch) {
        self.patcher.commit(patch);
    }
}

/// What an edit amounts to.
#[derive(Debug)]
pub(crate) enum Compared {
    /// No code changed.
    Nothing {
        /// What the author should know.
        notes: Vec<String>,
    },
    /// Hot functions are affected.
    Patch(Draft),
}

/// The current files of all units: those of the last replay, else those that the program was linked from.
fn units(base: &Base, graph: &UnitGraph, replays: &Replays) -> Vec<Unit> {
    let mut files = base.files();
    files.retain(|key, _| graph.units().contains_key(key));
    files.extend(replays.files().map(|(key, files)| (key.clone(), files.clone())));
    files
        .into_iter()
        .map(|(key, objects)| Unit {
            key: key.as_str().to_owned(),
            objects,
        })
        .collect()
}
