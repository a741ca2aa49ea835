//! The rustc wrapper: records each compilation of a workspace crate and adds the flags that make it patchable.
//!
//! Invariant: build scripts and proc macros are compiled exactly as cargo asks; they are recorded only so that their
//! sources can be watched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::merging;
use super::{CALLER_ENV, LINKER, ROLE, Role, STATE, UNIT, exec};
use crate::capture::{Capture, UnitKind};
use crate::obstacle::Obstacle;
use crate::rustc_args::RustcArgs;
use crate::state_dir::StateDir;
use crate::{caller_env, out_dir, response_file};

/// What makes the code of a crate bindable to a running process: statics are reached with 64-bit offsets.
const PATCHABLE: [&str; 10] = [
    "-C",
    "code-model=medium",
    "-C",
    "llvm-args=-large-data-threshold=0",
    // Statics and functions stay visible outside their module. What is not is free for LLVM to split, to fold to its
    // initial value, to shrink or to give another name in every build, and no longer there for the next patch.
    "-C",
    "link-dead-code",
    // Layouts are compared in the debug information of the objects. Whether the program keeps it is for the profile
    // to say: cargo asks the linker to strip what was not wanted.
    "-C",
    "debuginfo=2",
    "-C",
    "split-debuginfo=off",
];

/// Runs rustc for cargo.
pub(super) fn run(mut args: Vec<OsString>) -> Result<ExitCode> {
    let rustc = PathBuf::from(if args.is_empty() {
        "rustc".into()
    } else {
        args.remove(0)
    });
    let mut command = Command::new(&rustc);
    let Some(compilation) = compilation(&args) else {
        return exec(super::leave(&mut command).args(args));
    };
    let state = StateDir::new(std::env::var_os(STATE).context("the state folder is not set")?);
    let kind = UnitKind::of(&compilation);
    let mut args = compilation;
    let mut linker = None;
    if kind.is_patchable() {
        if let Some(obstacle) = Obstacle::of(&args) {
            return Ok(obstacle.report_as_rustc());
        }
        args.extend(PATCHABLE);
        args.extend(merging::flags(&rustc, &args).iter().copied());
        if args.links() {
            let real = args
                .codegen("linker")
                .next_back()
                .flatten()
                .unwrap_or("cc")
                .to_owned();
            let stand_in = state.linker_stand_in(Path::new(&real))?;
            args.extend(["-C", &format!("linker={}", stand_in.display())]);
            linker = Some(real);
        }
    }
    let key = args.key();
    match args.out_dir() {
        Some(dir) if kind.is_patchable() => out_dir::hand_over(&mut command, &args, dir, |_| None)?,
        _ => {
            command.args(args.as_slice());
        }
    }
    let capture = Capture::new(
        kind,
        rustc,
        args,
        &caller_env::read(std::env::var_os(CALLER_ENV))?,
    )?;
    capture.save(&state)?;
    super::leave(&mut command);
    if let Some(linker) = linker {
        command
            .env(ROLE, Role::Linker.as_str())
            .env(STATE, state.path())
            .env(LINKER, linker);
        if kind == UnitKind::Program {
            command.env(UNIT, key.as_str());
        }
    }
    exec(&mut command)
}

/// The arguments, when they ask for the compilation of a crate by cargo, rather than for information about rustc.
fn compilation(args: &[OsString]) -> Option<RustcArgs> {
    let args: Vec<String> = args
        .iter()
        .map(|arg| arg.to_str().map(String::from))
        .collect::<Option<_>>()?;
    let args = RustcArgs::new(response_file::expand_lines(args).ok()?);
    let asked_by_cargo =
        std::env::var("CARGO_CRATE_NAME").is_ok_and(|name| Some(&*name) == args.crate_name());
    (asked_by_cargo && !args.asks_for_information()).then_some(args)
}
