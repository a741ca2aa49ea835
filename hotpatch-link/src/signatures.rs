//! What an edit of a signature leaves as it was: a changed signature is another function, and what runs without the
//! table still calls the old one.

use std::collections::BTreeSet;

use crate::hot::{self, HotFunction};
use crate::names::{Identifier, Name};
use crate::reach::Calls;
use crate::reasons::Crates;
use crate::safety::Safety;
use crate::selection::Compared;

/// One sentence for each of `functions`, which the process does not have, that it has with another signature.
pub(crate) fn notes(
    compared: Compared<'_>,
    functions: &[&HotFunction],
    safety: &Safety,
    crates: &Crates,
) -> Vec<String> {
    if functions.is_empty() {
        return Vec::new();
    }
    let old = old_entries(compared, functions);
    if old.is_empty() {
        return Vec::new();
    }
    let calls = Calls::of(compared.live, compared.names);
    let notes = old.into_iter().filter_map(|old| {
        let callers = calls.staying(old.entry.linkage, |path| crates.own(path));
        let callers: BTreeSet<String> = callers
            .into_iter()
            .map(|version| outermost(calls.path(version)))
            .filter(|caller| *caller != old.path)
            .collect();
        let body = old.body.and_then(|body| safety.signature(body, compared.names));
        note(&old.path, &callers, body.as_deref())
    });
    notes.collect()
}

/// An entry of the process whose function has another signature now.
struct OldEntry {
    path: String,
    entry: Identifier,
    body: Option<Name>,
}

fn old_entries(compared: Compared<'_>, functions: &[&HotFunction]) -> Vec<OldEntry> {
    let mut entries: Vec<OldEntry> = Vec::new();
    for image in &compared.live.images {
        for old in image.hot_functions(compared.names) {
            let is_changed = functions
                .iter()
                .any(|new| new.path == old.path && new.entry.path != old.entry.path);
            let is_known = |known: &OldEntry| known.entry == old.entry;
            if is_changed && !entries.iter().any(is_known) {
                let body = old.bodies.first().map(|body| body.linkage);
                entries.push(OldEntry {
                    path: old.path,
                    entry: old.entry,
                    body,
                });
            }
        }
    }
    entries
}

/// The function that a closure belongs to, as people write it.
fn outermost(path: &str) -> String {
    let closures = ["::{{closure}}", "::{closure#"];
    let is_outside = |before: &str| before.matches('<').count() == before.matches('>').count();
    let ends = closures.iter().flat_map(|closure| path.match_indices(closure));
    let end = ends.map(|(at, _)| at).filter(|at| is_outside(&path[..*at])).min();
    hot::function_path(end.map_or(path, |end| &path[..end]))
}

fn note(path: &str, callers: &BTreeSet<String>, old: Option<&str>) -> Option<String> {
    let call = if callers.len() == 1 { "calls" } else { "call" };
    let callers: Vec<_> = callers.iter().map(|caller| format!("`{caller}`")).collect();
    let old = old.map(|old| format!(", `{old}`,")).unwrap_or_default();
    (!callers.is_empty()).then(|| {
        let callers = callers.join(", ");
        format!("`{path}` has a new signature: {callers} still {call} the old one{old} with its old code")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_of_the_old_signature_are_named() {
        let callers = |callers: &[&str]| callers.iter().map(|caller| (*caller).to_owned()).collect();
        assert_eq!(
            note("game::step", &callers(&["game::main"]), Some("fn(u32) -> u32")).unwrap(),
            "`game::step` has a new signature: `game::main` still calls the old one, `fn(u32) -> u32`, with its old code"
        );
        assert_eq!(
            note("game::step", &callers(&["game::a", "game::b"]), None).unwrap(),
            "`game::step` has a new signature: `game::a`, `game::b` still call the old one with its old code"
        );
        assert_eq!(note("game::step", &callers(&[]), None), None);
    }

    #[test]
    fn a_closure_is_named_by_its_function() {
        assert_eq!(outermost("game::main::{{closure}}::{{closure}}"), "game::main");
        assert_eq!(outermost("<game::Player>::run::{closure#1}"), "game::Player::run");
        assert_eq!(outermost("game::run"), "game::run");
        assert_eq!(
            outermost("<game::Job<game::main::{closure#0}>>::run::{closure#0}"),
            "<game::Job<game::main::{closure#0}>>::run"
        );
    }
}
