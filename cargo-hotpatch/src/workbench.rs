//! One recorded program and what its sources have become since: from changed files to a linked patch.
//!
//! Invariant: a unit stays stale until a replay of it has compiled, whatever happens in between; objects are compared
//! only when no unit is stale.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use hotpatch_abi::manifest::PatchId;
use hotpatch_link::{Change, Draft, Explanation, Parent, Patch, Subject, Unit};

use crate::base::Base;
use crate::capture::Capture;
use crate::cargo;
use crate::diagnostic::Diagnostic;
use crate::edit::{Edit, Rebuilt};
use crate::inputs::{Changed, Inputs, Owner};
use crate::interface::{Offers, SymbolTables};
use crate::interrupt::Interrupt;
use crate::live_patcher::LivePatcher;
use crate::live_sources;
use crate::owed::{Debt, Due, FileChange, Matter, Reader};
use crate::patch_linker;
use crate::places::{self, Crate, Place};
use crate::plan::{Built, Plan};
use crate::rebuild::{Rebuild, Stale};
use crate::refusal::Refusal;
use crate::replay::Replays;
use crate::scratch_dir::ScratchDir;
use crate::terminal::Terminal;
use crate::unit_graph::UnitGraph;
use crate::unreached;

/// The workbench.
#[derive(Debug)]
pub(crate) struct Workbench {
    plan: Plan,
    base: Base,
    graph: UnitGraph,
    inputs: Inputs,
    replays: Replays,
    offers: Offers,
    tables: SymbolTables,
    stale: Stale,
    /// Why a new build is needed, as long as it is.
    debt: Debt,
    /// What cargo says about manifests that it does not understand.
    objection: Option<String>,
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
        let (graph, sysroot) = records(plan, &built)?;
        let inputs = note_inputs(plan, &built, &graph, &sysroot)?;
        let debt = Debt::of_circumstances(&inputs.circumstances().differences(plan));
        let base = built.base;
        let scratch = ScratchDir::new(&plan.state.sessions())?;
        let replays = Replays::new(scratch.path().join("out"), plan.env.clone(), interrupt);
        let offers = Offers::of_build(&graph, &inputs);
        let linker = patch_linker::find(&sysroot)?;
        let patcher = LivePatcher::open(base.program(), units(&base, &graph, &replays));
        Ok(Self {
            plan: plan.clone(),
            base,
            graph,
            inputs,
            replays,
            offers,
            tables: SymbolTables::default(),
            stale: Stale::default(),
            debt,
            objection: None,
            patcher,
            linker,
            patches: 0,
            scratch,
        })
    }

    /// Notes what the files of a program held when it was built: patches are made of what differs.
    ///
    /// # Errors
    ///
    /// The records of the program cannot be read.
    pub(crate) fn note_build(plan: &Plan, built: &Built) -> Result<()> {
        let (graph, sysroot) = records(plan, built)?;
        note_inputs(plan, built, &graph, &sysroot)?;
        Ok(())
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
    ///
    /// As long as a new build is needed, sources that it would compile in another way wait for it.
    pub(crate) fn look(&mut self) -> Edit {
        let mut edit = Edit::default();
        let mut due: BTreeSet<Due> = self.debt.circumstances().into_iter().collect();
        let mut sources = BTreeSet::new();
        for changed in self.inputs.changed() {
            for owner in &changed.owners {
                match owner {
                    Owner::Unit(key) => {
                        self.stale.units.insert(key.clone());
                        sources.insert(changed.path.clone());
                    }
                    Owner::Build(matter) => due.extend(self.owe(matter, &changed)),
                }
            }
            edit.files.push(changed.path);
        }
        self.ask_cargo(&mut due);
        if self.objection.is_some() {
            // Said by the attempt to compile.
            return edit;
        }
        match self.debt.concerning(&self.stale.units, &self.graph) {
            Some(concerning) if due.is_empty() => due.extend([concerning]),
            Some(_) => {}
            None => sources.clear(),
        }
        edit.restart = self.debt.refusal(&due, &sources);
        edit
    }

    /// Notes what a change of a file that decides about the build means.
    fn owe(&mut self, matter: &Matter, changed: &Changed) -> Option<Due> {
        let change = FileChange {
            path: &changed.path,
            existed: changed.existed,
            text: changed.text.as_deref(),
        };
        let reader = Reader {
            plan: &self.plan,
            graph: &self.graph,
            base: &self.base,
            replays: &self.replays,
        };
        let reason = if changed.restored {
            None
        } else {
            reader.reason(matter, &change)
        };
        self.debt.set(matter.clone(), changed.path.clone(), reason)
    }

    /// Whether cargo understands what changed: if not, a new build would fail as well. What it objected to and now
    /// understands becomes due.
    fn ask_cargo(&mut self, due: &mut BTreeSet<Due>) {
        let is_new = due.iter().any(|(matter, _)| matter.is_read_by_cargo());
        if !is_new && self.objection.is_none() {
            return;
        }
        let readable: Vec<Due> = self.debt.read_by_cargo().collect();
        let understood = if readable.is_empty() {
            Ok(())
        } else {
            cargo::understands(&self.plan.selection, &self.plan.env)
        };
        let before = std::mem::replace(&mut self.objection, understood.err());
        if before.is_some() {
            due.extend(readable);
        }
    }

    /// Whether sources changed that have not been compiled since.
    pub(crate) fn is_stale(&self) -> bool {
        !self.stale.units.is_empty() || self.objection.is_some()
    }

    /// Compiles what is stale, and what depends on it as far as that can see a difference.
    ///
    /// # Errors
    ///
    /// rustc cannot be run.
    pub(crate) fn rebuild(&mut self, terminal: Terminal) -> Result<Rebuilt> {
        if let Some(objection) = &self.objection {
            return Ok(Rebuilt::Failed(vec![Diagnostic::of_cargo(objection)]));
        }
        let rebuild = Rebuild {
            project: &self.plan.project,
            graph: &self.graph,
            built: self.base.files(),
            inputs: &mut self.inputs,
            replays: &mut self.replays,
            offers: &mut self.offers,
            tables: &self.tables,
            stale: &mut self.stale,
            terminal,
        };
        rebuild.run()
    }

    /// Compares the current objects with what runs after these patches; `None` is the program as built.
    ///
    /// # Errors
    ///
    /// The edit is refused: also where no hot function reaches it. Or the objects cannot be read.
    pub(crate) fn compare(&mut self, heads: &[Option<PatchId>]) -> Result<Compared> {
        let change = self
            .patcher
            .compare(&units(&self.base, &self.graph, &self.replays), heads)
            .map_err(|refusal| self.located(*refusal))?;
        match change {
            Change::Nothing { notes } => Ok(Compared::Nothing { notes }),
            Change::Patch(draft) => Ok(Compared::Patch(draft)),
            Change::Unreachable { changed, notes } => {
                Err(self.located(unreached::refusal(&changed, &notes)).into())
            }
        }
    }

    /// The place of an item in the sources.
    pub(crate) fn place_of(&self, subject: &Subject) -> Option<Place> {
        let searched = |(key, unit)| Crate {
            unit,
            files: self.inputs.of_unit(key),
        };
        places::find(subject, self.graph.units().iter().map(searched))
    }

    /// The refusal with the place of its item in the sources.
    fn located(&self, refusal: Refusal) -> Refusal {
        refusal.located(|subject| self.place_of(subject))
    }

    /// What the user should know of a patch. To be asked before it is committed.
    pub(crate) fn explain(&mut self, draft: &Draft) -> Explanation {
        self.patcher.explain(draft)
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

    /// Tells others which sources the program runs now.
    pub(crate) fn publish_live(&self, generation: u64) {
        // Whoever misses it compares with the program as built, and says so.
        let _ = live_sources::publish(
            self.scratch.path(),
            self.base.build_id(),
            generation,
            &self.inputs,
        );
    }

    /// The program does not run any more what was told last.
    pub(crate) fn withdraw_live(&self) {
        live_sources::withdraw(self.scratch.path());
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

/// The recorded compilations of a program, and the toolchain that they ran.
fn records(plan: &Plan, built: &Built) -> Result<(UnitGraph, PathBuf)> {
    let captures = Capture::load_all(&plan.state)?;
    let graph = UnitGraph::new(captures, &built.base.record().units.keys().cloned().collect())?;
    let sysroot = patch_linker::sysroot(plan, &graph)?;
    Ok((graph, sysroot))
}

fn note_inputs(plan: &Plan, built: &Built, graph: &UnitGraph, sysroot: &Path) -> Result<Inputs> {
    let path = built.base.inputs();
    match (Inputs::load(&path), &built.local) {
        (Some(mut noted), None) => {
            noted.expect(graph, &plan.project);
            Ok(noted)
        }
        (noted, _) => {
            // Cargo has looked at everything just now, and the program is what it wants.
            let local = built.local.as_deref().unwrap_or_default();
            let inputs = Inputs::of(graph, plan, sysroot, built.started, local, noted);
            inputs.save(&path)?;
            Ok(inputs)
        }
    }
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
