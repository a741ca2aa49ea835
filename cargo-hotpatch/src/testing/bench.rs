//! The crates of all test binaries, and what their sources have become since the build: each is compiled once for all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use hotpatch_link::Unit;

use crate::base::Base;
use crate::capture::Capture;
use crate::edit::Rebuilt;
use crate::inputs::{Inputs, Owner};
use crate::interface::{Offers, SymbolTables};
use crate::interrupt::Interrupt;
use crate::local_crate::LocalCrate;
use crate::patch_linker;
use crate::plan::Plan;
use crate::rebuild::{Rebuild, Stale};
use crate::replay::Replays;
use crate::rustc_args::UnitKey;
use crate::scratch_dir::ScratchDir;
use crate::terminal::Terminal;
use crate::unit_graph::UnitGraph;

/// Folders of a package in which every file is a target.
const TARGETS: [&str; 3] = ["tests", "examples", "src/bin"];

/// The bench.
#[derive(Debug)]
pub(crate) struct TestBench {
    plan: Plan,
    graph: UnitGraph,
    inputs: Inputs,
    replays: Replays,
    offers: Offers,
    tables: SymbolTables,
    stale: Stale,
    built: BTreeMap<UnitKey, Vec<PathBuf>>,
    /// The files in folders of targets when it was built.
    targets: BTreeSet<PathBuf>,
    /// The linker for patches.
    linker: PathBuf,
    scratch: ScratchDir,
}

/// What a look at the files found.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    pub(crate) files: Vec<PathBuf>,
    /// One of them decides about the build, so cargo must.
    pub(crate) decides: Option<PathBuf>,
}

impl TestBench {
    /// Takes up what was linked from `bases`.
    ///
    /// # Errors
    ///
    /// The records of the build cannot be read.
    pub(crate) fn open<'a>(
        plan: &Plan,
        bases: impl Iterator<Item = &'a Base>,
        started: SystemTime,
        local: &[LocalCrate],
        interrupt: Interrupt,
    ) -> Result<Self> {
        let mut built = BTreeMap::new();
        for base in bases {
            built.extend(base.files());
        }
        let graph = UnitGraph::new(Capture::load_all(&plan.state)?, &built.keys().cloned().collect())?;
        built.retain(|key, _| graph.units().contains_key(key));
        let sysroot = patch_linker::sysroot(plan, &graph)?;
        let inputs = Inputs::of(&graph, plan, &sysroot, started, local, None);
        let scratch = ScratchDir::new(&plan.state.sessions())?;
        let mut bench = Self {
            offers: Offers::of_build(&graph, &inputs),
            replays: Replays::new(scratch.path().join("out"), plan.env.clone(), interrupt),
            plan: plan.clone(),
            graph,
            inputs,
            tables: SymbolTables::default(),
            stale: Stale::default(),
            built,
            targets: BTreeSet::new(),
            linker: patch_linker::find(&sysroot)?,
            scratch,
        };
        bench.targets = bench.files_of_targets();
        Ok(bench)
    }

    /// What is built.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The linker for patches, and the folder of one binary for them.
    ///
    /// # Errors
    ///
    /// The folder cannot be made.
    pub(super) fn for_patches(&self, unit: &UnitKey) -> Result<(&Path, PathBuf)> {
        let folder = self.scratch.path().join("patches").join(unit.as_str());
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
        Ok((&self.linker, folder))
    }

    /// The files to watch, and the folders in which new ones matter.
    pub(crate) fn paths(&self) -> BTreeSet<PathBuf> {
        let mut paths = self.inputs.paths();
        paths.extend(self.folders_of_targets());
        paths
    }

    /// The folders that hold the sources, all the way down.
    pub(crate) fn source_trees(&self) -> BTreeSet<PathBuf> {
        let units = self.graph.units().values();
        let trees = units.filter_map(|unit| Some(unit.manifest_dir()?.join("src")));
        trees.filter(|tree| tree.is_dir()).collect()
    }

    /// Whether a file is gone, maybe only for a moment.
    pub(crate) fn any_missing(&self) -> bool {
        self.inputs.any_missing()
    }

    /// Whether sources changed that have not been compiled since.
    pub(crate) fn is_stale(&self) -> bool {
        !self.stale.units.is_empty()
    }

    /// Looks at the files. Units that changed are stale from now on.
    pub(crate) fn look(&mut self) -> Looked {
        let mut looked = Looked::default();
        for changed in self.inputs.changed() {
            for owner in &changed.owners {
                match owner {
                    Owner::Unit(key) => drop(self.stale.units.insert(key.clone())),
                    Owner::Build(_) => looked.decides = Some(changed.path.clone()),
                }
            }
            looked.files.push(changed.path);
        }
        let targets = self.files_of_targets();
        let appeared = targets.symmetric_difference(&self.targets).next().cloned();
        if let Some(path) = appeared {
            self.targets = targets;
            looked.decides = Some(path.clone());
            looked.files.push(path);
        }
        looked
    }

    /// Compiles what is stale, and what depends on it as far as that can see a difference.
    ///
    /// # Errors
    ///
    /// rustc cannot be run.
    pub(crate) fn rebuild(&mut self, terminal: Terminal) -> Result<Rebuilt> {
        let rebuild = Rebuild {
            project: &self.plan.project,
            graph: &self.graph,
            built: self.built.clone(),
            inputs: &mut self.inputs,
            replays: &mut self.replays,
            offers: &mut self.offers,
            tables: &self.tables,
            stale: &mut self.stale,
            terminal,
        };
        rebuild.run()
    }

    /// The current objects of what a program was linked from.
    pub(crate) fn units_of(&self, base: &Base) -> Vec<Unit> {
        let keys = base.record().units.keys();
        let units = keys.filter_map(|key| {
            let files = self.replays.files_of(key).or_else(|| self.built.get(key))?;
            Some(Unit {
                key: key.as_str().to_owned(),
                objects: files.clone(),
            })
        });
        units.collect()
    }

    fn folders_of_targets(&self) -> impl Iterator<Item = PathBuf> {
        let packages: BTreeSet<_> = self
            .graph
            .units()
            .values()
            .filter_map(Capture::manifest_dir)
            .map(PathBuf::from)
            .collect();
        let folders = packages
            .into_iter()
            .flat_map(|package| TARGETS.map(|folder| package.join(folder)));
        folders.filter(|folder| folder.is_dir())
    }

    fn files_of_targets(&self) -> BTreeSet<PathBuf> {
        let entries = self
            .folders_of_targets()
            .filter_map(|folder| std::fs::read_dir(folder).ok());
        let paths = entries.flatten().filter_map(|entry| Some(entry.ok()?.path()));
        // A module that several tests share lies in a folder of its own, with `mod.rs`.
        let is_target = |path: &PathBuf| {
            path.extension().is_some_and(|kind| kind == "rs") || path.join("main.rs").is_file()
        };
        paths.filter(is_target).collect()
    }
}
