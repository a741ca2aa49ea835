//! The changed functions that no hot function reaches, as far as they say something to the author of the program.
//!
//! A changed function brings instances of library code with it: glue of `core`, collections, closures of the runtime.
//! They are no news; the functions of the program's own crates are.

use std::collections::BTreeSet;

use hotpatch_abi::code;
use hotpatch_abi::names::BODY_PREFIX;
use hotpatch_link::Subject;

use crate::refusal::Refusal;
use crate::terminal::listed;

const LIBRARIES: [&str; 5] = ["core", "std", "alloc", "proc_macro", "compiler_builtins"];

/// The paths that are worth naming: those of the program's own `crates` first, then those of other libraries.
pub(crate) fn worth_naming(changed: &[String], crates: &BTreeSet<String>) -> Vec<String> {
    let paths = changed.iter().map(|path| without_bodies(path));
    let (mut own, others): (Vec<_>, Vec<_>) = paths.partition(|path| is_own(path, crates));
    own.extend(others.into_iter().filter(|path| !is_internal(path)));
    let mut seen = BTreeSet::new();
    own.retain(|path| seen.insert(path.clone()));
    own
}

/// The refusal of an edit whose functions no hot function reaches.
pub(crate) fn refusal(paths: &[String], notes: &[String]) -> Refusal {
    let message = format!("no hot function reaches the changed code: {}", listed(paths));
    let mut refusal = Refusal::new(code::UNREACHABLE, message).note("the old code runs on");
    if let Some(path) = paths.first().cloned() {
        refusal = refusal.about(Subject::Function { path });
    }
    if paths.iter().any(|path| path.starts_with('<')) {
        refusal = refusal.note(
            "a method behind a trait object keeps its old code in objects that exist; objects that a patched hot \
             function makes have the new code",
        );
    }
    let refusal = notes.iter().fold(refusal, Refusal::note);
    refusal.help("put `#[hotpatch]` on a function that calls it and that is itself called again from now on")
}

/// The warning about one of several changed functions, where the others are applied.
pub(crate) fn warning(path: &str) -> Refusal {
    let message = format!("the change of `{path}` is not live: no hot function reaches it");
    Refusal::new(code::UNREACHABLE, message).about(Subject::Function {
        path: path.to_owned(),
    })
}

fn is_own(path: &str, crates: &BTreeSet<String>) -> bool {
    let own = |name: &str| crates.contains(name);
    if path.starts_with('<') {
        crate_names(path).any(own)
    } else {
        path.split_once("::").is_some_and(|(name, _)| own(name))
    }
}

fn is_internal(path: &str) -> bool {
    let internal = |name: &str| LIBRARIES.contains(&name) || name.starts_with("hotpatch");
    if path.starts_with('<') {
        return crate_names(path).all(internal);
    }
    match path.split_once("::") {
        Some((name, _)) => internal(name),
        None => path == "main" || path.starts_with('_'),
    }
}

/// The first words of all paths inside a path.
fn crate_names(path: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = path.match_indices("::").map(|(at, _)| &path[..at]);
    starts.filter_map(move |before| {
        let name = before.rsplit(|c| !is_word(c)).next()?;
        let inner = before[..before.len() - name.len()].ends_with("::");
        (!inner && !name.is_empty()).then_some(name)
    })
}

/// The path with the names that the author gave: the body of a hot function is known by the function's own name.
fn without_bodies(path: &str) -> String {
    let parts = path
        .split("::")
        .filter_map(|part| match part.strip_prefix(BODY_PREFIX) {
            // `<tag>` for functions, `<tag>_<name>` for methods.
            Some(tail) => tail.split_once('_').map(|(_, name)| name),
            None => Some(part),
        });
    parts.collect::<Vec<_>>().join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(changed: &[&str], expected: &[&str]) {
        let changed: Vec<_> = changed.iter().map(|&path| path.to_owned()).collect();
        let crates = ["game", "world"].map(String::from).into();
        assert_eq!(worth_naming(&changed, &crates), expected);
    }

    #[test]
    fn own_functions_come_first_and_internals_never() {
        check(
            &[
                "axum::routing::get",
                "core::ptr::drop_in_place<game::World>",
                "game::main",
                "main",
                "_start",
            ],
            &["game::main", "axum::routing::get"],
        );
        check(
            &[
                "<alloc::vec::Vec<u8> as core::clone::Clone>::clone",
                "hotpatch_runtime::scope::call",
            ],
            &[],
        );
        check(
            &[
                "<game::Cat as game::Noise>::noise",
                "<std::vec::Vec<world::Tile> as core::fmt::Debug>::fmt",
            ],
            &[
                "<game::Cat as game::Noise>::noise",
                "<std::vec::Vec<world::Tile> as core::fmt::Debug>::fmt",
            ],
        );
    }

    #[test]
    fn a_module_is_not_a_crate() {
        check(&["std::game::x", "<std::game::X as core::fmt::Debug>::fmt"], &[]);
    }

    #[test]
    fn bodies_have_the_names_of_their_functions() {
        check(
            &[
                "game::step::__hotpatch_body_0123456789abcdef",
                "game::Cat::__hotpatch_body_0123456789abcdef_be_loud",
            ],
            &["game::step", "game::Cat::be_loud"],
        );
    }

    #[test]
    fn a_trait_method_gets_the_hint_about_objects() {
        let hinted = |path: &str| {
            refusal(&[path.to_owned()], &[])
                .full_message()
                .contains("trait object")
        };
        assert!(hinted("<game::Cat as game::Noise>::noise"));
        assert!(!hinted("game::main"));
    }
}
