//! The rustc wrapper: records each compilation of a crate that can be edited and adds the flags that make it patchable.
//!
//! Invariant: build scripts and proc macros are compiled exactly as cargo asks; they are recorded only so that their
//! sources can be watched.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use super::merging;
use super::rustc_call::RustcCall;
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
pub(super) fn run(args: Vec<OsString>) -> Result<ExitCode> {
    let call = RustcCall::of(args)?;
    let Some(mut args) = compilation(&call.args).filter(|args| call.is_editable(args)) else {
        return call.pass_on();
    };
    if let Some(done) = call.ask_wrapper() {
        return done;
    }
    let state = &call.state;
    args.add_rlib();
    let kind = UnitKind::of(&args);
    let mut linker = None;
    if kind.is_patchable() {
        if let Some(obstacle) = Obstacle::of(&args) {
            return Ok(obstacle.report_as_rustc());
        }
        args.prefer_rlibs();
        args.extend(PATCHABLE);
        args.extend(merging::flags(&call.rustc, &args).iter().copied());
        if args.links() {
            linker = Some(stand_before_linker(&mut args, state)?);
        }
    }
    let caller = caller_env::read(std::env::var_os(CALLER_ENV))?;
    let capture = Capture::new(kind, call.rustc, call.wrapper, args, &caller)?;
    let mut command = capture.command();
    match capture.args.out_dir() {
        Some(dir) if kind.is_patchable() => out_dir::hand_over(&mut command, &capture.args, dir, |_| None)?,
        _ => {
            command.args(capture.args.as_slice());
        }
    }
    capture.save(state)?;
    super::leave(&mut command);
    if let Some(linker) = linker {
        command
            .env(ROLE, Role::Linker.as_str())
            .env(STATE, state.path())
            .env(LINKER, linker);
        if kind == UnitKind::Program {
            command.env(UNIT, capture.key.as_str());
        }
    }
    exec(&mut command)
}

/// Makes the tool the linker. The one that rustc would have started.
fn stand_before_linker(args: &mut RustcArgs, state: &StateDir) -> Result<String> {
    let asked_for = args.codegen("linker").next_back().flatten();
    let real = asked_for.unwrap_or("cc").to_owned();
    let stand_in = state.linker_stand_in(Path::new(&real))?;
    args.extend(["-C", &format!("linker={}", stand_in.display())]);
    Ok(real)
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
