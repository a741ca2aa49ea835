//! `cargo hotpatch patch`: makes the patch from the program as built to the sources as they are now.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use hotpatch_link::Parent;

use super::difference;

use crate::plan::Plan;
use crate::selection::Selection;
use crate::terminal::{counted, listed};
use crate::workbench::Compared;

/// Makes the patch.
pub(crate) fn run(selection: &Selection, output: Option<&Path>) -> Result<ExitCode> {
    let plan = Plan::new(selection)?;
    let default = format!("{}.hotpatch", plan.runnable.name);
    let output = std::path::absolute(output.unwrap_or(Path::new(&default)))?;
    if let Some(folder) = output.parent().filter(|folder| !folder.is_dir()) {
        bail!(
            "there is no folder `{}` to put the patch into: make it, or name another file with `--output`",
            folder.display()
        );
    }
    let terminal = selection.terminal();
    let (mut bench, change) = difference::since(&plan, plan.built_last()?, terminal)?;
    let draft = match change {
        Compared::Nothing { notes } => {
            terminal.status(
                "Unchanged",
                "no code differs from the program as built; no patch was made",
            );
            terminal.notes(&notes);
            return Ok(ExitCode::SUCCESS);
        }
        Compared::Patch(draft) => draft,
    };
    let published = draft.published().to_vec();
    let patch = bench.link(draft, Parent::Base, Some(&output))?;
    let functions = counted(published.len(), "function");
    terminal.status(
        "Linked",
        format_args!("a patch of {functions}: {}", listed(&published)),
    );
    let explanation = bench.explain(patch.draft());
    terminal.explain(&explanation, |subject| bench.place_of(subject));
    terminal.status(
        "Patch",
        format_args!(
            "`{}` for build id {}",
            patch.path.display(),
            bench.base().build_id()
        ),
    );
    std::fs::metadata(&patch.path).context("the patch was not written")?;
    Ok(ExitCode::SUCCESS)
}
