//! How types and fields are shown: as in source, without the paths of modules and the parameters that nobody writes.

use crate::hot;

/// Type parameters that have a default in the standard library.
const DEFAULTS: [&str; 2] = ["alloc::alloc::Global", "std::hash::random::RandomState"];
/// Crates whose inside is no news to users.
const LIBRARY: [&str; 4] = ["core::", "alloc::", "std::", "hashbrown::"];

/// A type as people write it: `Vec<Player>`.
pub(super) fn shown(name: &str) -> String {
    let mut rest = name.to_owned();
    for default in DEFAULTS {
        rest = rest.replace(&format!(", {default}"), "");
    }
    let mut shown = String::with_capacity(rest.len());
    let mut path = String::new();
    for character in rest.chars() {
        if is_of_path(character) {
            path.push(character);
        } else {
            shown += &last(&path);
            path.clear();
            shown.push(character);
        }
    }
    shown += &last(&path);
    shown
}

/// The last segment of a path; for what has no name, the one before.
fn last(path: &str) -> String {
    let name = path.rsplit("::").next().unwrap_or_default();
    if !name.starts_with('{') {
        return name.to_owned();
    }
    match owner(path) {
        Some((kind, of)) => {
            let of = of.rsplit("::").next().unwrap_or_default();
            match kind {
                Anonymous::Closure => format!("{{closure of {of}}}"),
                Anonymous::Future => format!("{{future of {of}}}"),
            }
        }
        None => name.to_owned(),
    }
}

/// A type without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anonymous {
    Closure,
    Future,
}

fn anonymous(segment: &str) -> Option<Anonymous> {
    match segment.trim_start_matches('{').split('#').next()? {
        "closure_env" => Some(Anonymous::Closure),
        "async_fn_env" | "async_block_env" | "async_closure_env" | "gen_fn_env" | "gen_block_env" => {
            Some(Anonymous::Future)
        }
        _ => None,
    }
}

/// What an anonymous type is, and the function that it belongs to.
pub(super) fn owner(name: &str) -> Option<(Anonymous, String)> {
    let (bare, _) = name.split_once('<').unwrap_or((name, ""));
    let (function, segment) = bare.rsplit_once("::")?;
    let kind = anonymous(segment)?;
    let named = function.split("::").filter(|segment| !segment.starts_with('{'));
    let path = named.collect::<Vec<_>>().join("::");
    Some((kind, hot::function_path(&path)))
}

/// A field as people write it: `hp`, `0`.
pub(super) fn field(name: &str) -> &str {
    let digits = name.strip_prefix("__").unwrap_or(name);
    match digits.parse::<u32>() {
        Ok(_) => digits,
        Err(_) => name,
    }
}

/// A static as people write it: the storage of a thread-local lies inside what has its name.
pub(super) fn variable(path: &str) -> &str {
    path.split("::{").next().unwrap_or(path)
}

/// Whether a type is declared by the program or by one of its dependencies, not by the language or its library.
pub(super) fn is_of_user(name: &str) -> bool {
    name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && !LIBRARY.iter().any(|library| name.starts_with(library))
        && name.contains("::")
}

/// All paths in a type, with and without their type arguments.
pub(super) fn paths(text: &str) -> impl Iterator<Item = &str> {
    let is_start = |at: &usize| {
        let before = text[..*at].chars().next_back();
        text[*at..].starts_with(is_of_path) && !before.is_some_and(is_of_path)
    };
    let starts = text.char_indices().map(|(at, _)| at).filter(is_start);
    starts
        .flat_map(|start| {
            let rest = &text[start..];
            let bare = &rest[..rest.find(|c| !is_of_path(c)).unwrap_or(rest.len())];
            [Some(bare), with_arguments(rest, bare.len())]
        })
        .flatten()
}

fn with_arguments(rest: &str, bare: usize) -> Option<&str> {
    if !rest[bare..].starts_with('<') {
        return None;
    }
    let mut depth = 0_usize;
    for (at, byte) in rest.bytes().enumerate().skip(bare) {
        match byte {
            b'<' => depth += 1,
            b'>' if rest[..at].ends_with('-') => {}
            b'>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&rest[..=at]);
        }
    }
    None
}

fn is_of_path(character: char) -> bool {
    character.is_alphanumeric() || "_:{}#".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_shown_as_written() {
        for (name, expected) in [
            ("&mut game::World", "&mut World"),
            (
                "alloc::vec::Vec<game::Player, alloc::alloc::Global>",
                "Vec<Player>",
            ),
            (
                "std::collections::hash::map::HashMap<u32, game::Kind, std::hash::random::RandomState>",
                "HashMap<u32, Kind>",
            ),
            ("[game::Mood; 2]", "[Mood; 2]"),
            ("game::numbers::{closure_env#0}", "{closure of numbers}"),
            ("game::run::{async_fn_env#0}<u8>", "{future of run}<u8>"),
            ("(dyn game::Shape + core::marker::Send)", "(dyn Shape + Send)"),
        ] {
            assert_eq!(shown(name), expected);
        }
    }

    #[test]
    fn the_function_of_a_closure_is_known() {
        let closure = owner("game::numbers::{closure_env#0}<u32>");
        assert_eq!(closure, Some((Anonymous::Closure, "game::numbers".to_owned())));
        let hot = owner("game::P::__hotpatch_body_0123456789abcdef_hurt::{closure_env#0}");
        assert_eq!(hot, Some((Anonymous::Closure, "game::P::hurt".to_owned())));
        let future = owner("game::{impl#2}::run::{async_block_env#1}");
        assert_eq!(future, Some((Anonymous::Future, "game::run".to_owned())));
        assert_eq!(owner("game::Player"), None);
    }

    #[test]
    fn the_paths_in_a_trait_object_are_found() {
        let found: Vec<_> = paths("dyn f::Fn<(&game::Grid<u8>, fn() -> b::C), Output=d::E<b::C>>").collect();
        for path in ["game::Grid", "game::Grid<u8>", "b::C", "d::E<b::C>"] {
            assert!(found.contains(&path), "{path} in {found:?}");
        }
    }
}
