//! The path of a function as its author wrote it, where the attribute has put the code elsewhere.

use std::borrow::Cow;

use hotpatch_abi::names::{BODY_PREFIX, FUTURE_PREFIX, HELPER_TRAIT, INSTANCE_PREFIX};

/// What the attribute makes of a function.
pub(crate) const MADE: [&str; 3] = [BODY_PREFIX, INSTANCE_PREFIX, FUTURE_PREFIX];

/// Hexadecimal digits of a tag.
const TAG_LEN: usize = 16;

/// A name that the attribute made, in a path.
pub(crate) struct Made<'a> {
    /// The path of the function as its author wrote it.
    pub(crate) function: String,
    pub(crate) prefix: &'static str,
    pub(crate) tag: &'a str,
    /// What follows in the path.
    pub(crate) rest: &'a str,
}

/// The first name in a demangled path that the attribute made.
pub(crate) fn made(path: &str) -> Option<Made<'_>> {
    let places = MADE
        .iter()
        .filter_map(|prefix| Some((path.find(prefix)?, *prefix)));
    let (at, prefix) = places.min()?;
    let parent = path[..at].strip_suffix("::")?;
    let (tag, rest) = path[at + prefix.len()..].split_at_checked(TAG_LEN)?;
    let is_tag = tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    let end = rest.find(|char: char| !char.is_alphanumeric() && char != '_');
    let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
    let name = match name {
        "" => None,
        name => Some(name.strip_prefix('_').filter(|name| !name.is_empty())?),
    };
    is_tag.then(|| Made {
        function: function(parent, name),
        prefix,
        tag,
        rest,
    })
}

/// The path with every name that the attribute made replaced by what the author wrote.
pub fn author_path(path: &str) -> Cow<'_, str> {
    let Some(made) = made(path) else {
        return path.into();
    };
    let mut rest = made.rest;
    if made.prefix == FUTURE_PREFIX {
        // The code of a future is its closure.
        rest = after_closure(rest).unwrap_or(rest);
    }
    format!("{}{}", made.function, author_path(rest)).into()
}

fn function(parent: &str, name: Option<&str>) -> String {
    if let Some(function) = of_helper_trait(parent) {
        return function;
    }
    match (before_closure(parent), name) {
        // Inside the trampoline of an `async fn`.
        (Some(function), _) => function.to_owned(),
        (None, Some(name)) => format!("{parent}::{name}"),
        (None, None) => parent.to_owned(),
    }
}

/// The path of the method in `<Type as path::__Hotpatch<..>>`.
fn of_helper_trait(parent: &str) -> Option<String> {
    let inner = parent.strip_suffix('>')?;
    let marker = format!("::{HELPER_TRAIT}");
    let (inner, _) = inner.rsplit_once(marker.as_str())?;
    // The bracket that is open at the end, and the last `as` directly inside it.
    let (mut depth, mut meant) = (0_usize, None);
    for (at, char) in inner.char_indices().rev() {
        match char {
            '>' if !inner[..at].ends_with('-') => depth += 1,
            '<' if depth == 0 => {
                let start = meant?;
                let function = &inner[start..];
                return Some(format!(
                    "{}{}",
                    &inner[..at],
                    before_closure(function).unwrap_or(function)
                ));
            }
            '<' => depth -= 1,
            ' ' if depth == 0 && inner[at..].starts_with(AS) && meant.is_none() => {
                meant = Some(at + AS.len())
            }
            _ => {}
        }
    }
    None
}

const AS: &str = " as ";
/// How the manglings write a closure.
const CLOSURES: [&str; 2] = ["::{{closure}}", "::{closure#0}"];

fn before_closure(path: &str) -> Option<&str> {
    CLOSURES.iter().find_map(|closure| path.strip_suffix(closure))
}

fn after_closure(path: &str) -> Option<&str> {
    CLOSURES.iter().find_map(|closure| path.strip_prefix(closure))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expect: &str) {
        let path = path.replace("TAG", "0123456789abcdef");
        assert_eq!(author_path(&path), expect, "{path}");
    }

    #[test]
    fn functions_and_methods() {
        check("game::step", "game::step");
        check("game::step::__hotpatch_body_TAG", "game::step");
        check(
            "game::step::__hotpatch_body_TAG::{{closure}}",
            "game::step::{{closure}}",
        );
        check("game::show::__hotpatch_instance_TAG::<u8>", "game::show::<u8>");
        check("game::Player::__hotpatch_body_TAG_hurt", "game::Player::hurt");
        check(
            "<game::Grid<u8>>::__hotpatch_instance_TAG_map::<u8>",
            "<game::Grid<u8>>::map::<u8>",
        );
        check(
            "core::ops::FnOnce::call_once::<game::step::__hotpatch_body_TAG>",
            "core::ops::FnOnce::call_once::<game::step>",
        );
    }

    #[test]
    fn methods_of_traits() {
        check(
            "<game::Player as <game::Player as game::Shape>::draw::__Hotpatch>::__hotpatch_body_TAG_draw",
            "<game::Player as game::Shape>::draw",
        );
        check(
            "<game::Grid<T> as <game::Grid<T> as game::Shape>::draw::__Hotpatch<T>>::__hotpatch_instance_TAG_draw::{{closure}}",
            "<game::Grid<T> as game::Shape>::draw::{{closure}}",
        );
        check(
            "<game::Player as game::inner::<impl game::Shape for game::Player>::draw::__Hotpatch>::__hotpatch_body_TAG_draw",
            "game::inner::<impl game::Shape for game::Player>::draw",
        );
        check(
            "<__HotpatchSelf as game::Shape::twice::__Hotpatch>::__hotpatch_instance_TAG_twice",
            "game::Shape::twice",
        );
        check(
            "game::run::<<game::P as game::Shape::later::__Hotpatch>::__hotpatch_instance_TAG_later::{closure#1}>",
            "game::run::<game::Shape::later::{closure#1}>",
        );
    }

    #[test]
    fn futures() {
        check("game::load::{{closure}}::__hotpatch_body_TAG", "game::load");
        check(
            "game::load::{closure#0}::__hotpatch_future_TAG_load::{closure#0}",
            "game::load",
        );
        check(
            "game::Player::__hotpatch_future_TAG_run::{{closure}}::{{closure}}",
            "game::Player::run::{{closure}}",
        );
        check(
            "<game::P as <game::P as game::Shape>::later::{{closure}}::__Hotpatch>::__hotpatch_future_TAG_later",
            "<game::P as game::Shape>::later",
        );
    }

    #[test]
    fn other_names_stay() {
        check("game::__hotpatch_body_", "game::__hotpatch_body_");
        check(
            "game::__hotpatch_body_0123456789abcdeg",
            "game::__hotpatch_body_0123456789abcdeg",
        );
    }
}
