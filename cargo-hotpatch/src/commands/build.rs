//! `cargo hotpatch build`: builds a program so that it can be patched.

use std::process::ExitCode;

use anyhow::Result;

use crate::plan::Plan;
use crate::selection::Selection;
use crate::workbench::Workbench;

/// Builds.
pub(crate) fn run(selection: &Selection) -> Result<ExitCode> {
    let plan = Plan::new(selection)?;
    let built = plan.build()?;
    let terminal = selection.terminal();
    terminal.linked(built.base.record());
    terminal.status("Built", format_args!("`{}`", built.executable.display()));
    // Notes what the sources hold at this moment: later patches are made of what differs.
    Workbench::note_build(&plan, &built)?;
    Ok(ExitCode::SUCCESS)
}
