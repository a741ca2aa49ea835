//! The linker role: links a program with the user's own linker, so that it can be patched, and records what it was
//! linked from.
//!
//! Invariant: the program comes from the user's linker, in the environment and with the arguments that rustc gave,
//! changed only as [`link_line`] says.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

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
    let (extent, linked) = link_as_much_as_possible(&linker, &line, output)?;
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
    // A linker that a signal ended has failed like any other.
    let code = linked.status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

fn link_as_much_as_possible(linker: &Path, line: &[OsString], output: &Path) -> Result<(Extent, Output)> {
    let mut last = None;
    for extent in Extent::ALL {
        let linked = link(linker, link_line::rewritten(line, linker, extent), output)?;
        if linked.status.success() {
            return Ok((extent, linked));
        }
        last = Some((extent, linked));
    }
    last.context("nothing to link")
}

fn link(linker: &Path, line: Vec<OsString>, output: &Path) -> Result<Output> {
    let mut file = output.as_os_str().to_owned();
    file.push(OsStr::new(".link-line"));
    let line = response_file::shorten(line, Path::new(&file)).context("cannot write the link line")?;
    // Standard input is the output folder: see `out_dir`.
    let linked = super::leave(Command::new(linker).args(line).stdin(Stdio::inherit())).output();
    let _ = std::fs::remove_file(file);
    linked.with_context(|| format!("cannot run the linker `{}`", linker.display()))
}
