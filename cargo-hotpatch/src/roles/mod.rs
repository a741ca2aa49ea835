//! The roles in which the tool runs itself: as rustc wrapper and as linker, started by cargo and rustc.
//!
//! Invariant: a role is chosen only by [`ROLE`], which only the tool sets, and only for the processes it starts.
//! Roles start fast: they are chosen before anything else happens in `main`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

mod linker;
mod merging;
mod recorder;
mod rustc_call;
mod rustc_wrapper;

/// Which role this process has.
pub(crate) const ROLE: &str = "HOTPATCH_ROLE";
/// The folder of [`StateDir`](crate::state_dir::StateDir).
pub(crate) const STATE: &str = "HOTPATCH_STATE";
/// A JSON file with the environment that cargo was started with.
pub(crate) const CALLER_ENV: &str = "HOTPATCH_CALLER_ENV";
/// What the user's `RUSTC_WRAPPER` would have been.
pub(crate) const WRAPPER: &str = "HOTPATCH_WRAPPER";
/// What the user's `RUSTC_WORKSPACE_WRAPPER` would have been.
pub(crate) const WORKSPACE_WRAPPER: &str = "HOTPATCH_WORKSPACE_WRAPPER";
/// Set where the wrapper of the user was asked already, and calls the tool instead of rustc.
const WRAPPED: &str = "HOTPATCH_WRAPPED";
/// The linker that rustc would have started.
pub(crate) const LINKER: &str = "HOTPATCH_LINKER";
/// The key of the program that is being linked.
pub(crate) const UNIT: &str = "HOTPATCH_UNIT";
/// Where the recorder puts object files.
pub(crate) const RECORD_DIR: &str = "HOTPATCH_RECORD_DIR";

const ALL: [&str; 9] = [
    ROLE,
    STATE,
    CALLER_ENV,
    WRAPPER,
    WORKSPACE_WRAPPER,
    WRAPPED,
    LINKER,
    UNIT,
    RECORD_DIR,
];

/// A value of [`ROLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Stands before rustc in a build by cargo, both as wrapper and as workspace wrapper.
    RustcWrapper,
    /// Stands before the real linker in a build by cargo.
    Linker,
    /// Stands in for the linker in a replay.
    Recorder,
}

impl Role {
    /// The role as [`ROLE`] spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RustcWrapper => "rustc-wrapper",
            Self::Linker => "linker",
            Self::Recorder => "linker-record",
        }
    }

    /// The role this process was started in, if any.
    pub(crate) fn current() -> Option<Self> {
        let value = std::env::var_os(ROLE)?;
        [Self::RustcWrapper, Self::Linker, Self::Recorder]
            .into_iter()
            .find(|role| value == role.as_str())
    }

    /// Plays the role.
    pub(crate) fn play(self) -> ExitCode {
        let args: Vec<OsString> = std::env::args_os().skip(1).collect();
        let played = match self {
            Self::RustcWrapper => rustc_wrapper::run(args),
            Self::Linker => linker::run(args),
            Self::Recorder => recorder::run(args),
        };
        played.unwrap_or_else(|error| {
            eprintln!("cargo-hotpatch as {}: {error:#}", self.as_str());
            ExitCode::from(101)
        })
    }
}

/// Variables that the tool sets for cargo and that cargo hands on.
pub(crate) const FOR_CARGO: [&str; 3] = [
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_BUILD_DIR",
];

/// Takes the variables of the roles out of the environment of a command.
pub(crate) fn leave(command: &mut Command) -> &mut Command {
    ALL.iter().fold(command, |command, name| command.env_remove(name))
}

/// Whether a variable was set by the tool.
pub(crate) fn owns(variable: &str) -> bool {
    ALL.contains(&variable) || FOR_CARGO.contains(&variable)
}

fn exec(command: &mut Command) -> Result<ExitCode> {
    let error = command.exec();
    Err(error).with_context(|| format!("cannot run `{}`", command.get_program().to_string_lossy()))
}
