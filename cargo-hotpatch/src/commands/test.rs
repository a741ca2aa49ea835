//! `cargo hotpatch test`: runs the tests, and after every save those whose code changed.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::events::{Event, EventLog};
use crate::plan::Plan;
use crate::runnable::Runnable;
use crate::session::{self, Ending, Keys, TestOptions};
use crate::testing::{self, LibtestArgs, TestSelection};

/// How to run.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    pub(crate) events: Option<&'a Path>,
    pub(crate) once: bool,
    pub(crate) no_fail_fast: bool,
    pub(crate) no_keys: bool,
}

/// Runs.
pub(crate) fn run(
    selection: TestSelection,
    args: Vec<OsString>,
    settings: &Settings<'_>,
) -> Result<ExitCode> {
    let keys = Keys::new(false, settings.no_keys || settings.once)?;
    let log = EventLog::open(settings.events)?;
    let plan = Plan::choosing(&selection.selection, Runnable::for_tests)?;
    let args = LibtestArgs::new(args);
    let built = testing::build(&plan, &selection, &args).inspect_err(|_| log.record(&Event::BuildFailed))?;
    let terminal = selection.selection.terminal();
    if built.libraries > 0 {
        terminal.note("documentation tests are not run here: `cargo test --doc` runs them");
    }
    let options = TestOptions {
        plan,
        selection,
        args,
        terminal,
        log,
        once: settings.once,
        fail_fast: settings.once && !settings.no_fail_fast,
        keys,
    };
    match session::run_tests(options, built)? {
        Ending::Code(code) => Ok(ExitCode::from(code)),
        Ending::Signal(signal) => {
            // Whoever waits for the tool sees what ended it.
            signal_hook::low_level::emulate_default_handler(signal)?;
            Ok(ExitCode::from(101))
        }
    }
}
