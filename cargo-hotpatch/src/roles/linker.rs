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

use anyhow::{Context, Result, bail};
use hotpatch_abi::code;

use super::{LINKER, STATE, UNIT};
use crate::base::{self, LinkedProgram};
use crate::build_id::BuildId;
use crate::link_line::{self, Extent};
use crate::state_dir::StateDir;
use crate::{response_file, stripped};

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
    // Patches are bound to symbols: of a program without them, the tool keeps a twin that has them.
    let unstripped = link_line::unstripped(&line);
    let twin = output.with_extension("hotpatch-twin");
    let (extent, linked) = match &unstripped {
        None => link_as_much_as_possible(&linker, &line, output)?,
        Some(unstripped) => link_with_twin(&linker, &line, unstripped, output, &twin)?,
    };
    std::io::stdout().write_all(&linked.stdout)?;
    std::io::stderr().write_all(&linked.stderr)?;
    if linked.status.success() {
        let program = LinkedProgram {
            unit: &unit,
            image: if unstripped.is_some() { &twin } else { output },
            line: &line,
            linker: &linker,
            extent,
        };
        base::record(&state, &program)?;
    }
    if unstripped.is_some() {
        let _ = std::fs::remove_file(&twin);
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

/// Links the twin, and the program as it was asked for with the build id of the twin.
fn link_with_twin(
    linker: &Path,
    line: &[OsString],
    unstripped: &[OsString],
    output: &Path,
    twin: &Path,
) -> Result<(Extent, Output)> {
    let unstripped = link_line::redirected(unstripped.to_vec(), twin);
    let (extent, linked) = link_as_much_as_possible(linker, &unstripped, twin)?;
    if !linked.status.success() {
        return Ok((extent, linked));
    }
    let build_id = BuildId::of(twin)?;
    let line = link_line::rewritten(line, linker, extent);
    let linked = link(linker, link_line::identified(line, linker, &build_id), output)?;
    if linked.status.success() && !stripped::agree(output, twin)? {
        bail!(
            "error[{}]: without its symbols, the linker lays `{}` out differently: patches cannot be bound to it\n  = help: \
             set `strip = \"none\"` in the profile",
            code::STRIP,
            output.display()
        );
    }
    Ok((extent, linked))
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
