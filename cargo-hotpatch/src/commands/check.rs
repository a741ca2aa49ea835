//! `cargo hotpatch check`: says what the sources as they are now would change, and changes nothing.

use std::process::ExitCode;

use anyhow::Result;
use hotpatch_link::Parent;

use super::difference;
use crate::live_sources::LiveSources;
use crate::plan::Plan;
use crate::selection::Selection;
use crate::terminal::{counted, listed};
use crate::workbench::Compared;

/// Checks.
pub(crate) fn run(selection: &Selection) -> Result<ExitCode> {
    let plan = Plan::new(selection)?;
    let terminal = selection.terminal();
    let built = plan.built_last()?;
    let running = LiveSources::of_sessions(&plan.state, built.base.build_id());
    if let Some(session) = running.iter().find(|session| session.is_up_to_date()) {
        let generation = session.generation();
        terminal.status(
            "Unchanged",
            format_args!("a running session has taken these sources already (generation {generation})"),
        );
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(session) = running.first() {
        let generation = session.generation();
        terminal.note(format_args!(
            "compared with the program as built; a session has brought it to generation {generation} since, from which \
             the same edit may have another outcome"
        ));
    }
    let (mut bench, change) = difference::since(&plan, built, terminal)?;
    let draft = match change {
        Compared::Nothing { notes } => {
            terminal.status("Unchanged", "no code differs from the program as built");
            terminal.notes(&notes);
            return Ok(ExitCode::SUCCESS);
        }
        Compared::Patch(draft) => draft,
    };
    let published = draft.published().to_vec();
    // Only a linked patch is known to fit. It lies in the folder of this check and goes with it.
    let patch = bench.link(draft, Parent::Live, None)?;
    let explanation = bench.explain(patch.draft());
    let functions = counted(published.len(), "function");
    terminal.status("Would", format_args!("patch {functions}: {}", listed(&published)));
    terminal.explain(&explanation, |subject| bench.place_of(subject));
    Ok(ExitCode::SUCCESS)
}
