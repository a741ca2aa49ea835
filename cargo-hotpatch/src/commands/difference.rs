//! What the sources as they are now change in the program as built: the common part of `patch` and `check`.

use anyhow::Result;

use crate::edit::Rebuilt;
use crate::interrupt::Interrupt;
use crate::plan::{Built, Plan};
use crate::refusal::Exit;
use crate::terminal::Terminal;
use crate::workbench::{Compared, Workbench};

/// Compiles what changed since the program was built, and compares.
///
/// # Errors
///
/// The difference is refused or needs a new build, or the sources do not compile: then rustc has said why.
pub(super) fn since(plan: &Plan, built: Built, terminal: Terminal) -> Result<(Workbench, Compared)> {
    let mut bench = Workbench::open(plan, built, Interrupt::default())?;
    let edit = bench.look();
    if let Some(refusal) = edit.restart {
        return Err(refusal
            .help("run `cargo hotpatch build` and start the program again")
            .into());
    }
    match bench.rebuild(terminal)? {
        Rebuilt::Compiled(_) => {}
        Rebuilt::Failed(diagnostics) => {
            terminal.diagnostics(&diagnostics);
            return Err(Exit(101).into());
        }
        Rebuilt::Interrupted => return Err(Exit(101).into()),
    }
    let change = bench.compare(&[None])?;
    Ok((bench, change))
}
