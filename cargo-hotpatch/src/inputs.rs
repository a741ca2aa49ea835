//! The files that a program is made of, to whom each belongs, and what they held when they were last compiled.
//!
//! Invariant: a change of a file is reported once. Whoever gets the report keeps it until the change is dealt with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::capture::{Capture, UnitKind, write_json};
use crate::dep_info;
use crate::project::Project;
use crate::rustc_args::UnitKey;
use crate::stamp::{Comparison, Stamp};
use crate::unit_graph::UnitGraph;

/// What a change of a file means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Owner {
    /// The unit must be compiled again.
    Unit(UnitKey),
    /// The code belongs to hotpatch itself.
    Own,
    /// Cargo must decide what to build.
    Build,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Input {
    owners: BTreeSet<Owner>,
    stamp: Option<Stamp>,
    /// What the build found.
    built: Option<Stamp>,
}

/// A file that changed.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) path: PathBuf,
    pub(crate) owners: BTreeSet<Owner>,
    /// It holds again what the build found.
    pub(crate) restored: bool,
}

/// The files.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Inputs(BTreeMap<PathBuf, Input>);

impl Inputs {
    /// The files of a program that a build made which began at `started`.
    pub(crate) fn of(graph: &UnitGraph, project: &Project, started: SystemTime) -> Self {
        let mut inputs = Self::default();
        for unit in graph.units().values() {
            inputs.add(
                project,
                sources(unit, unit.dep_info()),
                &Owner::Unit(unit.key.clone()),
                started,
            );
        }
        for own in graph.own() {
            inputs.add(project, sources(own, own.dep_info()), &Owner::Own, started);
        }
        for tool in graph.tools() {
            let owner = if is_own(tool) { Owner::Own } else { Owner::Build };
            inputs.add(project, sources(tool, tool.dep_info()), &owner, started);
        }
        for unit in graph.units().values() {
            inputs.add(project, build_script_inputs(unit), &Owner::Build, started);
        }
        inputs.add(project, project.build_inputs(), &Owner::Build, started);
        // The build itself may write the lock file.
        inputs.add(
            project,
            vec![project.lock_file()],
            &Owner::Build,
            SystemTime::now(),
        );
        inputs
    }

    /// Reads what [`Self::save`] wrote.
    pub(crate) fn load(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Writes the files and what they hold.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        write_json(path, self)
    }

    /// Whether a path is one of the files.
    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// The files that a unit is made of.
    pub(crate) fn of_unit(&self, key: &UnitKey) -> BTreeSet<PathBuf> {
        let owner = Owner::Unit(key.clone());
        let files = self.0.iter().filter(|(_, input)| input.owners.contains(&owner));
        files.map(|(path, _)| path.clone()).collect()
    }

    /// The files, and what those among them that are symbolic links point to. Some may not exist yet.
    pub(crate) fn paths(&self) -> BTreeSet<PathBuf> {
        let targets = self.0.keys().filter_map(|path| std::fs::canonicalize(path).ok());
        self.0.keys().cloned().chain(targets).collect()
    }

    /// Whether a file that was there is gone: maybe for good, maybe for the moment in which an editor replaces it.
    pub(crate) fn any_missing(&self) -> bool {
        self.0
            .iter()
            .any(|(path, input)| input.stamp.is_some() && !path.exists())
    }

    /// The files that changed since they were last compiled or last reported, and to whom they belong.
    pub(crate) fn changed(&mut self) -> Vec<Changed> {
        let mut changed = Vec::new();
        for (path, input) in &mut self.0 {
            let now = match input.stamp {
                None => Stamp::now(path).map(Some),
                Some(stamp) => match stamp.compare(path) {
                    Comparison::Same(now) => {
                        input.stamp = Some(now);
                        None
                    }
                    Comparison::Changed(now) => Some(Some(now)),
                    Comparison::Missing => Some(None),
                },
            };
            if let Some(now) = now {
                input.stamp = now;
                let restored = match (now, input.built) {
                    (Some(now), Some(built)) => now.has_content_of(built),
                    (now, built) => now.is_none() && built.is_none(),
                };
                changed.push(Changed {
                    path: path.clone(),
                    owners: input.owners.clone(),
                    restored,
                });
            }
        }
        changed
    }

    /// Takes the files of a unit from the dep-info file of a replay that began at `started`.
    pub(crate) fn renew(
        &mut self,
        project: &Project,
        unit: &Capture,
        dep_info: PathBuf,
        started: SystemTime,
    ) {
        let owner = Owner::Unit(unit.key.clone());
        let sources = sources(unit, Some(dep_info));
        let kept: BTreeSet<PathBuf> = sources.iter().map(|path| resolved(path)).collect();
        self.0.retain(|path, input| {
            if !kept.contains(path) {
                input.owners.remove(&owner);
            }
            !input.owners.is_empty()
        });
        self.add(project, sources, &owner, started);
    }

    fn add(&mut self, project: &Project, paths: Vec<PathBuf>, owner: &Owner, started: SystemTime) {
        for path in paths
            .iter()
            .map(|path| resolved(path))
            .filter(|path| !project.makes(path))
        {
            let input = self.0.entry(path);
            let input = input.or_insert_with_key(|path| {
                let stamp = Stamp::as_of(path, started);
                Input {
                    owners: BTreeSet::new(),
                    stamp,
                    built: stamp,
                }
            });
            input.owners.insert(owner.clone());
        }
    }
}

fn sources(unit: &Capture, dep_info: Option<PathBuf>) -> Vec<PathBuf> {
    let text = dep_info
        .and_then(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    dep_info::sources(&text, &unit.cwd)
}

/// The path as file events name it: without links and dots in its folder, which may not exist yet.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => std::fs::canonicalize(folder)
            .unwrap_or_else(|_| resolved(folder))
            .join(name),
        _ => path.to_owned(),
    }
}

fn is_own(tool: &Capture) -> bool {
    tool.kind == UnitKind::ProcMacro && tool.package() == "hotpatch-macros"
}

/// What the build script of the unit's package asked cargo to watch.
fn build_script_inputs(unit: &Capture) -> Vec<PathBuf> {
    let (Some(out_dir), Some(package)) = (unit.env.get("OUT_DIR"), unit.manifest_dir()) else {
        return Vec::new();
    };
    let output = Path::new(out_dir).with_file_name("output");
    let text = std::fs::read_to_string(output).unwrap_or_default();
    let prefixes = ["cargo:rerun-if-changed=", "cargo::rerun-if-changed="];
    let path = |line: &str| {
        prefixes
            .iter()
            .find_map(|prefix| line.strip_prefix(prefix))
            .map(|path| package.join(path))
    };
    text.lines()
        .filter_map(path)
        .filter(|path| path.is_file())
        .collect()
}
