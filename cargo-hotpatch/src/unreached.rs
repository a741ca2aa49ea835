//! What the user is told about changed functions that no hot function reaches.

use hotpatch_abi::code;
use hotpatch_link::{Reason, Subject, Unreached};

use crate::refusal::Refusal;
use crate::terminal::listed;

/// How many functions are shown with their reasons before the rest is counted.
const SHOWN: usize = 6;

/// One line for each function, up to a number of them that a reader can take in.
pub(crate) fn lines(unreached: &[Unreached]) -> Vec<String> {
    let one = |Unreached { function, reason }: &Unreached| format!("`{function}` is not live: {reason}");
    let mut lines: Vec<_> = unreached.iter().take(SHOWN).map(one).collect();
    match unreached.len().saturating_sub(SHOWN) {
        0 => {}
        1 => lines.push("1 more function is not live".to_owned()),
        more => lines.push(format!("{more} more functions are not live")),
    }
    lines
}

/// The refusal of an edit whose functions no hot function reaches.
pub(crate) fn refusal(unreached: &[Unreached], notes: &[String]) -> Refusal {
    let paths: Vec<_> = unreached
        .iter()
        .map(|unreached| unreached.function.clone())
        .collect();
    let message = format!("no hot function reaches the changed code: {}", listed(&paths));
    let mut refusal = Refusal::new(code::UNREACHABLE, message);
    if let Some(path) = paths.first().cloned() {
        refusal = refusal.about(Subject::Function { path });
    }
    let refusal = lines(unreached)
        .iter()
        .fold(refusal, Refusal::note)
        .note("the old code runs on");
    let refusal = notes.iter().fold(refusal, Refusal::note);
    refusal.help(help(unreached))
}

/// The warning about one of several changed functions, where the others are applied.
pub(crate) fn warning(unreached: &Unreached) -> Refusal {
    let message = format!(
        "the change of `{}` is not live: {}",
        unreached.function, unreached.reason
    );
    Refusal::new(code::UNREACHABLE, message).about(Subject::Function {
        path: unreached.function.clone(),
    })
}

/// The next step: that of the first function for which there is a precise one.
fn help(unreached: &[Unreached]) -> String {
    let precise = unreached
        .iter()
        .find_map(|unreached| next_step(&unreached.reason));
    let general = || {
        if unreached.iter().all(|unreached| runs_once(&unreached.reason)) {
            "restart the program to take the edit"
        } else {
            "put `#[hotpatch]` on a function that calls it and that is itself called again from now on"
        }
    };
    precise.unwrap_or_else(|| general().to_owned())
}

fn runs_once(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::Entered | Reason::Reached { .. } | Reason::Static { .. }
    )
}

fn next_step(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Loop { of, calls, .. } => Some(match calls {
            Some(calls) => format!(
                "put `#[hotpatch]` on `{calls}` and restart once: what the loop calls is then looked up in each round"
            ),
            None => format!(
                "move what the loop in `{of}` does into a function under `#[hotpatch]`, and restart once"
            ),
        }),
        Reason::Address { .. } => Some(
            "a method behind a trait object keeps its old code in objects that exist; let it call a function under \
             `#[hotpatch]`, and restart once"
                .to_owned(),
        ),
        _ => None,
    }
}
