//! The cargo project: its folders, and the files that decide what cargo builds.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Target};

/// The project.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    workspace_root: PathBuf,
    manifests: Vec<PathBuf>,
    /// Where packages without a build script would have one.
    no_build_scripts: Vec<PathBuf>,
    members: Vec<String>,
    target_dir: PathBuf,
}

impl Project {
    /// The project that `cargo metadata` describes, built into `target_dir`.
    pub(crate) fn new(metadata: &Metadata, target_dir: PathBuf) -> Self {
        let manifests = metadata
            .packages
            .iter()
            .map(|package| package.manifest_path.clone().into())
            .collect();
        let without_script = metadata
            .packages
            .iter()
            .filter(|package| !package.targets.iter().any(Target::is_custom_build));
        let no_build_scripts = without_script
            .map(|package| PathBuf::from(&package.manifest_path).with_file_name("build.rs"))
            .filter(|script| !script.exists())
            .collect();
        let members = metadata
            .packages
            .iter()
            .map(|package| package.name.to_string())
            .collect();
        Self {
            workspace_root: metadata.workspace_root.clone().into(),
            manifests,
            no_build_scripts,
            members,
            target_dir,
        }
    }

    /// The names of the packages of the workspace.
    pub(crate) fn members(&self) -> &[String] {
        &self.members
    }

    /// The files whose change means that cargo must decide again what to build. Some may not exist.
    pub(crate) fn build_inputs(&self) -> Vec<PathBuf> {
        let names = ["Cargo.toml", "rust-toolchain", "rust-toolchain.toml"];
        let configs = self.workspace_root.ancestors().flat_map(|dir| {
            let is_root = dir == self.workspace_root;
            let dir = dir.join(".cargo");
            let names: &[&str] = if is_root || dir.is_dir() {
                &["config.toml", "config"]
            } else {
                &[]
            };
            names.iter().map(move |name| dir.join(name))
        });
        let root = names.iter().map(|name| self.workspace_root.join(name));
        self.manifests
            .iter()
            .chain(&self.no_build_scripts)
            .cloned()
            .chain(root)
            .chain(configs)
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
