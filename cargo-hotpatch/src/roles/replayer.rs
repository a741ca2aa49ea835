//! The replayer: becomes the rustc of a replay, with the same name for the output folder as in a build by cargo.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::{ROLE, Role, exec};
use crate::out_dir;
use crate::rustc_args::RustcArgs;

/// Runs rustc, named by the first argument.
pub(super) fn run(args: Vec<OsString>) -> Result<ExitCode> {
    let mut args = args.into_iter();
    let rustc = args.next().context("rustc is not named")?;
    let args: Option<Vec<String>> = args.map(|arg| arg.into_string().ok()).collect();
    let args = RustcArgs::new(args.context("the recorded arguments are UTF-8")?);
    let args = out_dir::by_descriptor(&args)?;
    exec(
        Command::new(rustc)
            .args(args.as_slice())
            .env(ROLE, Role::Recorder.as_str()),
    )
}
