//! `cargo hotpatch run`: builds and runs a program, and takes every edit of it live.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::events::{Event, EventLog};
use crate::plan::Plan;
use crate::selection::Selection;
use crate::session::{self, Ending, Keys, OnRefusal, Options};
use crate::settings::runner;

/// How to run.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    pub(crate) events: Option<&'a Path>,
    pub(crate) on_refusal: Option<OnRefusal>,
    /// `--keys`
    pub(crate) keys: bool,
    /// `--no-keys`
    pub(crate) no_keys: bool,
    /// For the program.
    pub(crate) args: &'a [OsString],
}

/// Runs.
pub(crate) fn run(selection: &Selection, settings: &Settings<'_>) -> Result<ExitCode> {
    let keys = Keys::new(settings.keys, settings.no_keys)?;
    let log = EventLog::open(settings.events)?;
    let plan = Plan::new(selection)?;
    let built = plan.build().inspect_err(|_| log.record(&Event::BuildFailed))?;
    let terminal = selection.terminal();
    terminal.linked(built.base.record());
    if let Some(runner) = runner::configured(&plan.env, &plan.config) {
        terminal.warning(format_args!(
            "`{runner}` is not used: `cargo hotpatch run` starts the program itself"
        ));
    }
    let options = Options {
        plan,
        args: settings.args.to_vec(),
        terminal,
        log,
        on_refusal: settings.on_refusal,
        keys,
    };
    match session::run(options, built)? {
        Ending::Code(code) => Ok(ExitCode::from(code)),
        Ending::Signal(signal) => {
            // Whoever waits for the tool sees the end that the program had.
            signal_hook::low_level::emulate_default_handler(signal)?;
            Ok(ExitCode::from(101))
        }
    }
}
