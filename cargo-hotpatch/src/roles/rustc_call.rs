//! How cargo called the rustc wrapper, and how the wrappers of the user come into it.
//!
//! Cargo starts the wrapper for every crate, and for members of the workspace with the workspace wrapper as first
//! argument. The tool stands in both places: so it also sees the crates that lie on this machine outside the workspace.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::{STATE, WORKSPACE_WRAPPER, WRAPPED, WRAPPER, exec};
use crate::local_crate::is_of_std;
use crate::rustc_args::RustcArgs;
use crate::state_dir::StateDir;

/// Wrappers that may answer from a cache: then nothing would be recorded.
const CACHES: [&str; 5] = ["sccache", "ccache", "cachepot", "kache", "buildcache"];

/// A call.
pub(super) struct RustcCall {
    /// The folder of the tool.
    pub(super) state: StateDir,
    /// The compiler, behind the wrappers that run for this crate.
    pub(super) rustc: PathBuf,
    /// What stands before the compiler.
    pub(super) wrapper: Option<PathBuf>,
    /// The arguments for the compiler.
    pub(super) args: Vec<OsString>,
    is_member: bool,
    /// The user's wrapper, where it was not asked yet.
    outer: Option<PathBuf>,
}

impl RustcCall {
    /// This process' call.
    pub(super) fn of(mut args: Vec<OsString>) -> Result<Self> {
        let state = StateDir::new(std::env::var_os(STATE).context("the state folder is not set")?);
        let is_stand_in = args
            .first()
            .is_some_and(|first| Path::new(first).starts_with(state.path()));
        if is_stand_in {
            args.remove(0);
        }
        let wrapped = std::env::var_os(WRAPPED).is_some();
        let is_member = is_stand_in || wrapped;
        let rustc = if args.is_empty() {
            "rustc".into()
        } else {
            args.remove(0)
        };
        let inner = is_member.then(|| std::env::var_os(WORKSPACE_WRAPPER)).flatten();
        let outer = std::env::var_os(WRAPPER).filter(|_| !wrapped);
        Ok(Self {
            state,
            rustc: rustc.into(),
            wrapper: inner.map(PathBuf::from),
            args,
            is_member,
            outer: outer.map(PathBuf::from),
        })
    }

    /// Whether the crate can be edited: it belongs to the workspace, or lies elsewhere on this machine.
    pub(super) fn is_editable(&self, args: &RustcArgs) -> bool {
        let own = || {
            let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
            crate::unit_graph::OWN_PACKAGES.contains(&&*package)
        };
        let of_std =
            || std::env::var_os("CARGO_MANIFEST_DIR").is_some_and(|folder| is_of_std(Path::new(&folder)));
        self.is_member || args.is_local() && !own() && !of_std()
    }

    /// Calls the user's wrapper first, if it has a say: it may change the arguments.
    pub(super) fn ask_wrapper(&self) -> Option<Result<ExitCode>> {
        let outer = self.outer.as_ref().filter(|outer| !is_cache(outer))?;
        let stand_in = std::env::args_os().next()?;
        let mut command = Command::new(outer);
        command
            .arg(stand_in)
            .arg(&self.rustc)
            .args(&self.args)
            .env(WRAPPED, "1");
        Some(exec(&mut command))
    }

    /// Calls what cargo would have called.
    pub(super) fn pass_on(&self) -> Result<ExitCode> {
        let programs = [self.outer.as_ref(), self.wrapper.as_ref(), Some(&self.rustc)];
        let mut programs = programs.into_iter().flatten();
        let mut command = Command::new(
            programs
                .next()
                .map_or(OsStr::new("rustc"), |first| first.as_os_str()),
        );
        exec(super::leave(command.args(programs).args(&self.args)))
    }
}

fn is_cache(wrapper: &Path) -> bool {
    wrapper
        .file_stem()
        .is_some_and(|name| CACHES.iter().any(|cache| name == *cache))
}
