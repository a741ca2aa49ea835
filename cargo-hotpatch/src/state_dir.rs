//! The folder beside cargo's artifacts in which the tool keeps what it recorded.
//!
//! ```text
//! <target>/hotpatch/.hotpatch/
//!   bin/v1/rustc      the tool, as cargo finds its rustc wrapper
//!   linker/cc         the tool, named like the linker it stands before
//!   capture/          one file for each compilation of a workspace crate
//!   base/<build id>/  what a program was linked from
//!   last/             which program a selection built last
//!   session/          objects and patches of running sessions
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Part of the path of the rustc wrapper, which cargo makes part of every fingerprint: raise it when the wrapper
/// adds other flags, so that everything is built again.
const FLAGS_VERSION: &str = "v4";

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct StateDir(PathBuf);

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
        self.0.join("capture")
    }

    /// The records of linked programs.
    pub(crate) fn bases(&self) -> PathBuf {
        self.0.join("base")
    }

    /// The records of what was built last.
    pub(crate) fn last(&self) -> PathBuf {
        self.0.join("last")
    }

    /// The folders of sessions.
    pub(crate) fn sessions(&self) -> PathBuf {
        self.0.join("session")
    }

    /// The path under which cargo starts the tool as rustc wrapper.
    pub(crate) fn rustc_stand_in(&self) -> Result<PathBuf> {
        stand_in(self.0.join("bin").join(FLAGS_VERSION).join("rustc"))
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
