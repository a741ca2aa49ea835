//! What the user is told about changed functions that no hot function reaches.

use hotpatch_abi::code;
use hotpatch_link::{Holder, Reason, Subject, Unreached};

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
    precise.unwrap_or_else(|| "restart the program to take the edit".to_owned())
}

fn next_step(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::Loop { calls: Some(calls), .. } => {
            format!("put `#[hotpatch]` on `{calls}` and restart once: from then on, each round of the loop runs new code")
        }
        Reason::Loop { of, calls: None, .. } => {
            format!("let the loop in `{of}` call a function under `#[hotpatch]` that does the work, and restart once")
        }
        Reason::Address { holder, .. } => {
            let what = match holder {
                Holder::Objects => "a method behind a trait object keeps its old code in objects that exist",
                Holder::Closures => "a closure that exists keeps its old code",
                Holder::Pointers => "a function pointer that exists leads to the old code",
            };
            format!("{what}: let it call a function under `#[hotpatch]`, and restart once")
        }
        Reason::Thread { .. } | Reason::Task { .. } => {
            "put `#[hotpatch]` on what it calls again and again, or on the function that starts it if that runs again; \
             and restart once"
                .to_owned()
        }
        Reason::Uncalled { .. } => "call it from a function under `#[hotpatch]`".to_owned(),
        Reason::Entered | Reason::Reached { .. } | Reason::Static { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use hotpatch_link::Way;

    use super::*;

    fn unreached(function: &str, reason: Reason) -> Unreached {
        let function = function.to_owned();
        Unreached { function, reason }
    }

    fn looped(calls: Option<&str>) -> Reason {
        Reason::Loop {
            way: Way::default(),
            of: "game::run".into(),
            running: true,
            started: None,
            calls: calls.map(str::to_owned),
        }
    }

    #[test]
    fn each_function_has_its_reason_and_long_lists_are_cut() {
        let uncalled = |n: usize| unreached(&format!("f{n}"), Reason::Uncalled { way: Way::default() });
        let many: Vec<_> = (0..9).map(uncalled).collect();
        let lines = lines(&many);
        assert_eq!(lines[0], "`f0` is not live: nothing calls it");
        assert_eq!(
            (lines.len(), lines[6].as_str()),
            (7, "3 more functions are not live")
        );
    }

    #[test]
    fn the_help_fits_the_reason() {
        let help = |reasons: &[Reason]| {
            let all: Vec<_> = reasons
                .iter()
                .map(|reason| unreached("game::f", reason.clone()))
                .collect();
            help(&all)
        };
        assert!(help(&[looped(Some("game::frame"))]).contains("on `game::frame`"));
        assert!(help(&[looped(None)]).contains("the loop in `game::run`"));
        assert!(help(&[Reason::Entered, looped(Some("game::frame"))]).contains("game::frame"));
        assert_eq!(help(&[Reason::Entered]), "restart the program to take the edit");
    }
}
