//! The project of the demo, in a folder of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

const FILES: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("files/manifest.toml")),
    ("src/main.rs", include_str!("files/main.rs")),
    ("sky/Cargo.toml", include_str!("files/sky_manifest.toml")),
    ("sky/src/lib.rs", include_str!("files/sky.rs")),
];

/// The folder.
#[derive(Debug)]
pub(super) struct Project(TempDir);

impl Project {
    /// Copies the files into a new folder.
    pub(super) fn new() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("hotpatch-demo-").tempdir()?;
        for (name, text) in FILES {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().context("a file in a folder")?)?;
            std::fs::write(path, text.replace("HOTPATCH", &dependency()))?;
        }
        // The versions that this repository was tested with, which are also those that are at hand.
        if let Some(repository) = repository() {
            let _ = std::fs::copy(repository.join("Cargo.lock"), dir.path().join("Cargo.lock"));
        }
        Ok(Self(dir))
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Replaces text in a file, in the way of an editor: a new file takes the place of the old one.
    pub(super) fn edit(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let path = self.0.path().join(file);
        let text = std::fs::read_to_string(&path)?;
        ensure!(text.contains(from), "`{file}` does not contain `{from}`");
        let new = path.with_extension("new");
        std::fs::write(&new, text.replace(from, to))?;
        std::fs::rename(new, path)?;
        Ok(())
    }

    /// Leaves the folder in place.
    pub(super) fn keep(self) -> PathBuf {
        self.0.keep()
    }
}

/// How the project names hotpatch: by path when the tool was built in its repository, else by version.
fn dependency() -> String {
    match repository() {
        Some(path) => format!("path = {:?}", path.display().to_string()),
        None => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
    }
}

fn repository() -> Option<PathBuf> {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    parent
        .join("hotpatch-runtime/Cargo.toml")
        .is_file()
        .then(|| parent.to_owned())
}
