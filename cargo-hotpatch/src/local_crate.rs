//! A crate that cargo built from a folder of this machine, as cargo tells of it.
//!
//! The rustc wrapper records those that can be edited; the others are known only from here.

use std::path::{Path, PathBuf};

use crate::dep_info;
use crate::rustc_args::UnitKey;

/// The crate.
#[derive(Clone, Debug)]
pub(crate) struct LocalCrate {
    /// Its package, as cargo names it.
    pub(crate) package_id: String,
    /// The manifest of its package.
    pub(crate) manifest: PathBuf,
    /// Its first source.
    pub(crate) root: PathBuf,
    /// Its library or proc macro, if it is one.
    pub(crate) library: Option<PathBuf>,
}

/// Whether a package is part of the standard library, which nightly cargo can build like a path dependency.
pub(crate) fn is_of_std(folder: &Path) -> bool {
    folder.to_string_lossy().contains("/lib/rustlib/src/rust/")
}

impl LocalCrate {
    /// The folder of its package.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new(""))
    }

    /// The name of its package.
    pub(crate) fn package(&self) -> String {
        let text = std::fs::read_to_string(&self.manifest).unwrap_or_default();
        let table: toml::Table = text.parse().unwrap_or_default();
        let name = table
            .get("package")
            .and_then(|package| package.get("name")?.as_str().map(String::from));
        name.unwrap_or_else(|| self.folder().display().to_string())
    }

    /// Its unit, if it is a library or a proc macro.
    pub(crate) fn key(&self) -> Option<UnitKey> {
        UnitKey::of_library(self.library.as_deref()?)
    }

    /// Its sources.
    pub(crate) fn sources(&self) -> Vec<PathBuf> {
        let listed = self.key().and_then(|key| {
            let file = self.library.as_ref()?.with_file_name(format!("{}.d", key.stem()));
            Some(dep_info::sources(
                &std::fs::read_to_string(file).ok()?,
                self.folder(),
            ))
        });
        listed
            .filter(|sources| !sources.is_empty())
            .unwrap_or_else(|| vec![self.root.clone()])
    }
}
