//! The files that a program is made of, to whom each belongs, and what they held when they were last compiled.
//!
//! Invariant: a change of a file is reported once. Whoever gets the report keeps it until the change is dealt with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::build_script;
use crate::build_tools::BuildTool;
use crate::capture::{Capture, UnitKind, write_json};
use crate::dep_info;
use crate::local_crate::LocalCrate;
use crate::owed::{Circumstances, Matter};
use crate::patch_linker;
use crate::plan::Plan;
use crate::project::Project;
use crate::rustc_args::UnitKey;
use crate::stamp::{Comparison, Stamp};
use crate::unit_graph::{OWN_PACKAGES, UnitGraph};

/// What a change of a file means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Owner {
    /// The unit must be compiled again.
    Unit(UnitKey),
    /// Cargo must decide what to build.
    Build(Matter),
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Input {
    owners: BTreeSet<Owner>,
    stamp: Option<Stamp>,
    /// What the build found.
    built: Option<Stamp>,
    /// The text of settings that the build found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// It lies outside the workspace and did not exist: it is looked at with every save, but not watched.
    #[serde(default)]
    far: bool,
}

/// A file that changed.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) path: PathBuf,
    pub(crate) owners: BTreeSet<Owner>,
    /// It holds again what the build found.
    pub(crate) restored: bool,
    /// Whether the build found it.
    pub(crate) existed: bool,
    /// What it said then, if it is a file of settings.
    pub(crate) text: Option<String>,
}

/// The files, and what else was known when the program was built.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Inputs {
    files: BTreeMap<PathBuf, Input>,
    circumstances: Circumstances,
    /// What an earlier build of the same program found.
    #[serde(skip)]
    earlier: BTreeMap<PathBuf, Input>,
}

impl Inputs {
    /// The files of a program that cargo just built, or found built as it must be, in a build that began at `started`
    /// and met the crates `local`; `earlier` are those that an earlier build of the same program found.
    pub(crate) fn of(
        graph: &UnitGraph,
        plan: &Plan,
        sysroot: &Path,
        started: SystemTime,
        local: &[LocalCrate],
        earlier: Option<Self>,
    ) -> Self {
        let project = &plan.project;
        let mut inputs = Self {
            files: BTreeMap::new(),
            circumstances: Circumstances::of(plan, graph, sysroot),
            earlier: earlier.map(|earlier| earlier.files).unwrap_or_default(),
        };
        inputs.add_crates(graph, project, started);
        inputs.add_tools(graph, project, started);
        for outside in local {
            inputs.add_outside(outside, graph, project, started);
        }
        for (path, matter) in project.build_inputs(&graph.folders()) {
            inputs.add(project, vec![path], &Owner::Build(matter), started);
        }
        let rustc = patch_linker::located(graph.rustc());
        let compilers = rustc
            .into_iter()
            .chain([sysroot.join("bin").join("rustc")])
            .collect();
        inputs.add(project, compilers, &Owner::Build(Matter::Compiler), started);
        let lock = Owner::Build(Matter::Lock);
        // The build itself may write the lock file.
        inputs.add(project, vec![project.lock_file()], &lock, SystemTime::now());
        inputs.earlier.clear();
        inputs
    }

    /// Takes in the files that decide about a build in the folder the tool was started in. Those that the build did
    /// not look at are new.
    pub(crate) fn expect(&mut self, graph: &UnitGraph, project: &Project) {
        for (path, matter) in project.build_inputs(&graph.folders()) {
            let file = self.files.entry(resolved(&path));
            file.or_insert_with(|| Input {
                owners: [Owner::Build(matter)].into(),
                ..Input::default()
            });
        }
    }

    /// The circumstances of the build.
    pub(crate) fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    fn add_crates(&mut self, graph: &UnitGraph, project: &Project, started: SystemTime) {
        for unit in graph.units().values() {
            let owner = Owner::Unit(unit.key.clone());
            self.add(project, sources(unit, unit.dep_info()), &owner, started);
            if let Some(folder) = unit.manifest_dir() {
                let owner = Owner::Build(Matter::BuildScriptInput(folder.to_owned()));
                self.add(project, build_script::inputs(unit), &owner, started);
            }
        }
        for own in graph.own() {
            let owner = Owner::Build(Matter::Own);
            self.add(project, sources(own, own.dep_info()), &owner, started);
        }
    }

    fn add_tools(&mut self, graph: &UnitGraph, project: &Project, started: SystemTime) {
        for tool in graph.tools() {
            let unit = tool.unit();
            let matter = match (unit.kind, unit.manifest_dir()) {
                _ if is_own(unit) => Matter::Own,
                (UnitKind::BuildScript, Some(folder)) => Matter::BuildScript(folder.to_owned()),
                _ => Matter::ProcMacro(unit.key.clone()),
            };
            for part in tool.parts() {
                let owner = Owner::Build(matter.clone());
                self.add(project, sources(part, part.dep_info()), &owner, started);
                self.add(project, build_script::inputs(part), &owner, started);
            }
        }
    }

    fn add_outside(
        &mut self,
        outside: &LocalCrate,
        graph: &UnitGraph,
        project: &Project,
        started: SystemTime,
    ) {
        if project.manifests().contains(&outside.manifest) {
            return;
        }
        let package = outside.package();
        let matter = match outside.key() {
            _ if OWN_PACKAGES.contains(&&*package) => Matter::Own,
            Some(key) => Matter::Outside(package, key),
            None => Matter::BuildScript(outside.folder().to_owned()),
        };
        if !is_recorded(outside, graph) {
            self.add(project, outside.sources(), &Owner::Build(matter), started);
        }
        // A manifest further up may be that of another workspace, from which it inherits.
        let manifests = outside
            .folder()
            .ancestors()
            .map(|folder| folder.join("Cargo.toml"));
        let manifests = manifests.filter(|manifest| manifest.is_file()).collect();
        self.add(project, manifests, &Owner::Build(Matter::Manifest), started);
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
        self.files.contains_key(path)
    }

    /// The files that a unit is made of.
    pub(crate) fn of_unit(&self, key: &UnitKey) -> BTreeSet<PathBuf> {
        let owner = Owner::Unit(key.clone());
        let files = self
            .files
            .iter()
            .filter(|(_, input)| input.owners.contains(&owner));
        files.map(|(path, _)| path.clone()).collect()
    }

    /// The files that a unit is made of, with what they held when they were last compiled or reported.
    pub(crate) fn stamps_of_unit(&self, key: &UnitKey) -> Vec<(PathBuf, Option<Stamp>)> {
        let files = self.of_unit(key).into_iter();
        files
            .map(|path| {
                let stamp = self.files.get(&path).and_then(|input| input.stamp);
                (path, stamp)
            })
            .collect()
    }

    /// The files to watch, and what those among them that are symbolic links point to. Some may not exist yet.
    pub(crate) fn paths(&self) -> BTreeSet<PathBuf> {
        let watched = self
            .files
            .iter()
            .filter(|(path, input)| !input.far || path.exists());
        let paths = watched.map(|(path, _)| path);
        let targets = paths.clone().filter_map(|path| std::fs::canonicalize(path).ok());
        paths.cloned().chain(targets).collect()
    }

    /// Whether a file that was there is gone: maybe for good, maybe for the moment in which an editor replaces it.
    pub(crate) fn any_missing(&self) -> bool {
        self.files
            .iter()
            .any(|(path, input)| input.stamp.is_some() && !path.exists())
    }

    /// The files that changed since they were last compiled or last reported, and to whom they belong.
    pub(crate) fn changed(&mut self) -> Vec<Changed> {
        let mut changed = Vec::new();
        for (path, input) in &mut self.files {
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
                    existed: input.built.is_some(),
                    text: input.text.clone(),
                });
            }
        }
        changed
    }

    /// Whether every file holds what it held when it was last compiled or reported.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.files.iter().all(|(path, input)| match input.stamp {
            None => Stamp::now(path).is_none(),
            Some(stamp) => matches!(stamp.compare(path), Comparison::Same(_)),
        })
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
        self.files.retain(|path, input| {
            if !kept.contains(path) {
                input.owners.remove(&owner);
            }
            !input.owners.is_empty()
        });
        self.add(project, sources, &owner, started);
        // A file that was saved since the last look may have been compiled in either state. If it is then what it was
        // before, nobody would see that it has to be compiled again.
        for path in kept {
            if let Some(input) = self.files.get_mut(&path) {
                input.stamp = input.stamp.map(|stamp| stamp.after_a_build(&path));
            }
        }
    }

    fn add(&mut self, project: &Project, paths: Vec<PathBuf>, owner: &Owner, started: SystemTime) {
        let paths = paths.iter().map(|path| resolved(path));
        for path in paths.filter(|path| !project.makes(path)) {
            let earlier = self.earlier.remove(&path);
            let input = self.files.entry(path.clone());
            let input = input.or_insert_with_key(|path| match earlier {
                Some(earlier) => earlier.still(path, owner, project, started),
                None => Input::found(path, project, started),
            });
            if let (Owner::Build(matter), Some(built), None) = (owner, input.built, &input.text)
                && matter.is_settings()
            {
                input.text = text_of(&path, built);
            }
            input.owners.insert(owner.clone());
        }
    }
}

impl Input {
    /// A file as a build found it that began at `started`.
    fn found(path: &Path, project: &Project, started: SystemTime) -> Self {
        let stamp = Stamp::as_of(path, started);
        let far = stamp.is_none() && !path.starts_with(project.root());
        Self {
            stamp,
            built: stamp,
            far,
            ..Self::default()
        }
    }

    /// The same for a file that an earlier build of the same program found.
    fn still(self, path: &Path, owner: &Owner, project: &Project, started: SystemTime) -> Self {
        let is_source = |owner: &Owner| matches!(owner, Owner::Unit(_));
        let owners = BTreeSet::new();
        if is_source(owner) && self.owners.iter().any(is_source) {
            // Later changes of a source may not be part of the program, whenever cargo looked at them.
            return Self { owners, ..self };
        }
        match self.built.map(|built| built.compare(path)) {
            Some(Comparison::Same(now)) => Self {
                owners,
                stamp: Some(now),
                built: Some(now),
                ..self
            },
            _ => Self::found(path, project, started),
        }
    }
}

/// The text of a file, where it is what the stamp says.
fn text_of(path: &Path, stamp: Stamp) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    stamp
        .is_of(&bytes)
        .then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether the crate is known as a part of the program or of what builds it.
fn is_recorded(found: &LocalCrate, graph: &UnitGraph) -> bool {
    let tools = graph.tools().flat_map(BuildTool::parts);
    let mut units = graph.units().values().chain(tools);
    let is_script =
        |unit: &Capture| unit.kind == UnitKind::BuildScript && unit.manifest_dir() == Some(found.folder());
    match found.key() {
        Some(key) => units.any(|unit| unit.key == key),
        None => units.any(is_script),
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
