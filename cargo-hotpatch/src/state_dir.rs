//! The folder beside cargo's artifacts in which the tool keeps what it recorded.
//!
//! ```text
//! <target>/hotpatch/.hotpatch/
//!   bin/v1-<mark>/rustc  the tool, as cargo finds its rustc wrapper
//!   linker/cc            the tool, named like the linker it stands before
//!   capture/v1/          one file for each compilation of a crate that can be edited
//!   base/<build id>/     what a program was linked from
//!   last/<mark>/         which program a selection built last
//!   session/             objects and patches of running sessions
//! ```
//!
//! A mark stands for one checkout: several may share a target folder.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hotpatch_abi::checksum::checksum;

/// Part of the path of the rustc wrapper, which cargo makes part of the fingerprint of workspace members, and of the
/// folder of records: raise it when the wrapper adds other flags, so that everything is built again.
const FLAGS_VERSION: &str = "v5";

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct StateDir(PathBuf);

/// Tells checkouts that share a target folder apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    /// The mark of the workspace in a folder.
    pub(crate) fn of(root: &Path) -> Self {
        Self(checksum(0, root.as_os_str().as_encoded_bytes()))
    }

    /// The same workspace, where its crates are compiled through this program.
    pub(crate) fn through(self, wrapper: Option<&OsStr>) -> Self {
        wrapper.map_or(self, |wrapper| Self(checksum(self.0, wrapper.as_encoded_bytes())))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl StateDir {
    /// The folder at this path.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder that belongs to a target folder of the tool.
    pub(crate) fn inside(target_dir: &Path) -> Self {
        Self(target_dir.join(".hotpatch"))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The records of compilations.
    pub(crate) fn captures(&self) -> PathBuf {
        self.0.join("capture").join(FLAGS_VERSION)
    }

    /// The records of linked programs.
    pub(crate) fn bases(&self) -> PathBuf {
        self.0.join("base")
    }

    /// The records of what a checkout built last.
    pub(crate) fn last(&self, mark: Mark) -> PathBuf {
        self.0.join("last").join(mark.to_string())
    }

    /// The folders of sessions.
    pub(crate) fn sessions(&self) -> PathBuf {
        self.0.join("session")
    }

    /// The path under which cargo starts the tool as rustc wrapper. Cargo takes the crates of two checkouts for the
    /// same, so the path differs: each has files and records of its own.
    pub(crate) fn rustc_stand_in(&self, mark: Mark) -> Result<PathBuf> {
        stand_in(
            self.0
                .join("bin")
                .join(format!("{FLAGS_VERSION}-{mark}"))
                .join("rustc"),
        )
    }

    /// The path under which rustc starts the tool as linker.
    ///
    /// rustc takes the flavour of a linker from its file name, so it is the name of the real one.
    pub(crate) fn linker_stand_in(&self, real: &Path) -> Result<PathBuf> {
        stand_in(
            self.0
                .join("linker")
                .join(real.file_name().unwrap_or("cc".as_ref())),
        )
    }
}

/// Makes `path` a symbolic link to this program.
fn stand_in(path: PathBuf) -> Result<PathBuf> {
    let tool = std::env::current_exe().context("cannot find the path of the tool itself")?;
    if std::fs::read_link(&path).is_ok_and(|target| target == tool) {
        return Ok(path);
    }
    let make = || {
        let dir = path.parent().expect("a path inside the state folder");
        std::fs::create_dir_all(dir)?;
        // Others may use the link at this moment: it is replaced in one step.
        let new = tempfile::Builder::new().make_in(dir, |new| std::os::unix::fs::symlink(&tool, new))?;
        new.persist(&path).map_err(|error| error.error)
    };
    make().with_context(|| format!("cannot make the link `{}`", path.display()))?;
    Ok(path)
}
