//! The recorder: the linker of a replay. It keeps the object files and links nothing.
//!
//! Invariant: it touches nothing but its own folder; above all not the output that rustc names, which may be the
//! program that runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::RECORD_DIR;
use crate::{hard_link, response_file};

/// Keeps the object files of a link line.
pub(super) fn run(args: Vec<OsString>) -> Result<ExitCode> {
    let Some(dir) = std::env::var_os(RECORD_DIR).map(PathBuf::from) else {
        return Ok(ExitCode::SUCCESS);
    };
    for arg in response_file::expand(args)? {
        let path = Path::new(&arg);
        if arg.to_str().is_some_and(|arg| arg.ends_with(".rcgu.o"))
            && let Some(name) = path.file_name()
        {
            hard_link::link_or_copy(path, &dir.join(name))
                .with_context(|| format!("cannot keep `{}`", path.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
