//! The linker role: links a program with the user's own linker, so that it can be patched, and records what it was
//! linked from.
//!
//! Invariant: whatever happens to the record, the user gets the program that the linker made.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use anyhow::{Context, Result};

use super::{LINKER, STATE, UNIT};
use crate::base::{self, LinkedProgram};
use crate::link_line::{self, Extent};
use crate::response_file;
use crate::state_dir::StateDir;

/// Links for rustc.
pub(super) fn run(args: Vec<OsString>) -> Result<ExitCode> {
    let linker = PathBuf::from(std::env::var_os(LINKER).context("the linker is not set")?);
    let unit = std::env::var(UNIT).ok();
    let state = StateDir::new(std::env::var_os(STATE).context("the state folder is not set")?);
    let line = response_file::expand(args.clone())?;
    let (Some(unit), Some(output)) = (unit, link_line::output(&line)) else {
        let error = super::leave(Command::new(&linker).args(args)).exec();
        return Err(error).with_context(|| format!("cannot run the linker `{}`", linker.display()));
    };
    let mut extent = Extent::WholeLibraries;
    let mut linked = link(&linker, link_line::rewritten(&line, &linker, extent), output)?;
    if !linked.status.success() {
        extent = Extent::UsedMembers;
        linked = link(&linker, link_line::rewritten(&line, &linker, extent), output)?;
    }
    std::io::stdout().write_all(&linked.stdout)?;
    std::io::stderr().write_all(&linked.stderr)?;
    if linked.status.success() {
        let program = LinkedProgram {
            unit: &unit,
            output,
            line: &line,
            linker: &linker,
            extent,
        };
        base::record(&state, &program)?;
    }
    // rustc reads the output of a linker that a signal ended as that of one that failed.
    Ok(ExitCode::from(
        linked
            .status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1),
    ))
}

fn link(linker: &Path, line: Vec<OsString>, output: &Path) -> Result<Output> {
    let mut file = output.as_os_str().to_owned();
    file.push(OsStr::new(".link-line"));
    let line = response_file::shorten(line, Path::new(&file)).context("cannot write the link line")?;
    let linked = super::leave(Command::new(linker).args(line)).output();
    let _ = std::fs::remove_file(file);
    linked.with_context(|| format!("cannot run the linker `{}`", linker.display()))
}
