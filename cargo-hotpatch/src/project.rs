//! The cargo project: its folders, and the files that decide what cargo builds.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package, Target, TargetKind};

use crate::owed::{Matter, ToolchainChoice};

/// The project.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    workspace_root: PathBuf,
    /// Where the tool was started: the configuration and the toolchain are looked for from there.
    cwd: PathBuf,
    cargo_home: Option<PathBuf>,
    manifests: Vec<PathBuf>,
    absent: Vec<Absent>,
    target_dir: PathBuf,
    toolchain: ToolchainChoice,
}

/// Where a package without a build script, or without a library, would have one.
#[derive(Clone, Debug)]
struct Absent {
    manifest: PathBuf,
    path: PathBuf,
    matter: Matter,
}

impl Project {
    /// The project that `cargo metadata` describes, built into `target_dir` by commands in `cwd`.
    pub(crate) fn new(
        metadata: &Metadata,
        target_dir: PathBuf,
        env: &BTreeMap<OsString, OsString>,
        cwd: PathBuf,
    ) -> Self {
        let home = env.get(OsStr::new("CARGO_HOME")).map(PathBuf::from);
        let cargo_home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
        let packages = &metadata.packages;
        Self {
            workspace_root: metadata.workspace_root.clone().into(),
            cargo_home,
            manifests: packages
                .iter()
                .map(|package| package.manifest_path.clone().into())
                .collect(),
            absent: packages.iter().flat_map(absent).collect(),
            target_dir,
            toolchain: ToolchainChoice::new(env, &cwd),
            cwd,
        }
    }

    /// The manifests of the packages of the workspace.
    pub(crate) fn manifests(&self) -> &[PathBuf] {
        &self.manifests
    }

    /// The folder of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.workspace_root
    }

    /// The folder that cargo is called in.
    pub(crate) fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// What chooses the toolchain.
    pub(crate) fn toolchain(&self) -> &ToolchainChoice {
        &self.toolchain
    }

    /// The files whose change means that cargo must decide again what to build, when the program is made of the
    /// packages in these folders. Some may not exist. The other members of the workspace have no say in what is built.
    pub(crate) fn build_inputs(&self, packages: &BTreeSet<PathBuf>) -> Vec<(PathBuf, Matter)> {
        let root = self.workspace_root.join("Cargo.toml");
        let is_used = |manifest: &Path| manifest.parent().is_some_and(|folder| packages.contains(folder));
        let manifests = self.manifests.iter().filter(|manifest| is_used(manifest));
        let manifests = manifests.cloned().chain([root]);
        let absent = self.absent.iter().filter(|absent| is_used(&absent.manifest));
        let absent = absent.map(|absent| (absent.path.clone(), absent.matter.clone()));
        let folders = self.cwd.ancestors().map(|folder| folder.join(".cargo"));
        let folders = folders.chain(self.cargo_home.clone());
        let configs = folders.flat_map(|folder| ["config.toml", "config"].map(|name| folder.join(name)));
        let toolchain = self.toolchain.files().map(Path::to_owned);
        let of = |matter: Matter| move |path| (path, matter.clone());
        manifests
            .map(of(Matter::Manifest))
            .chain(absent)
            .chain(configs.map(of(Matter::Config)))
            .chain(toolchain.map(of(Matter::Toolchain)))
            .collect()
    }

    /// The lock file.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.workspace_root.join("Cargo.lock")
    }

    /// Whether builds make this file: it changes when cargo decides so, not when someone edits it.
    pub(crate) fn makes(&self, path: &Path) -> bool {
        path.starts_with(&self.target_dir)
    }
}

/// The files that would give a package another kind of target.
fn absent(package: &Package) -> Vec<Absent> {
    let programs = [
        TargetKind::Bin,
        TargetKind::Example,
        TargetKind::Test,
        TargetKind::Bench,
        TargetKind::CustomBuild,
    ];
    let is_library = |target: &Target| target.kind.iter().any(|kind| !programs.contains(kind));
    let manifest = PathBuf::from(&package.manifest_path);
    let mut found = Vec::new();
    let mut add = |file: &str, matter: Matter| {
        let path = manifest.with_file_name(file);
        if !path.exists() {
            let manifest = manifest.clone();
            found.push(Absent {
                manifest,
                path,
                matter,
            });
        }
    };
    if !package.targets.iter().any(is_library) {
        add("src/lib.rs", Matter::NewLibrary);
    }
    if !package.targets.iter().any(Target::is_custom_build) {
        add("build.rs", Matter::NewBuildScript);
    }
    found
}
