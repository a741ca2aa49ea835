//! Paths of functions as their authors write them, and whose functions they are.

use std::collections::BTreeSet;

use crate::unit::Unit;
use crate::{hot, written};

/// The parts of hotpatch that may be crates of the workspace: only while hotpatch itself is worked on.
const OUR_OWN: [&str; 4] = ["hotpatch", "hotpatch_abi", "hotpatch_macros", "hotpatch_runtime"];
const LIBRARIES: [&str; 5] = ["core", "std", "alloc", "proc_macro", "compiler_builtins"];
const CLOSURE: &str = "{{closure}}";

/// The crates of the program's author.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crates(BTreeSet<String>);

impl Crates {
    pub(crate) fn of(units: &[Unit]) -> Self {
        let names = units.iter().map(|unit| unit.crate_name().to_owned());
        Self(names.filter(|name| !OUR_OWN.contains(&name.as_str())).collect())
    }

    #[cfg(test)]
    pub(super) fn named(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// Whether the author wrote a function: not an instance of library code, and nothing that a macro of hotpatch made.
    pub(crate) fn own(&self, path: &str) -> bool {
        if path.split("::").any(|part| part == "_") {
            return false;
        }
        match path.strip_prefix('<') {
            // `<game::Cat as game::Noise>::noise`: of the author, if the type or the trait is.
            Some(inside) => {
                let (of, rest) = split_at_depth(inside, " as ").unwrap_or((inside, ""));
                self.owns_type(of) || self.owns_type(rest)
            }
            None => self.owns_type(path),
        }
    }

    /// The same by the linkage name, with the plain path: the v0 mangling names functions and closures where a type
    /// stands, and library code for a function of the author is library code.
    pub(crate) fn own_symbol(&self, linkage: &str, path: &str) -> bool {
        match of_function(linkage, path) {
            Some(of) => self.owns_type(of),
            None => self.own(path),
        }
    }

    fn owns_type(&self, of: &str) -> bool {
        let of = of.trim_start_matches(['&', '<', '[', '(', '*']);
        let of = ["mut ", "const ", "dyn "]
            .iter()
            .fold(of, |of, word| of.strip_prefix(word).unwrap_or(of));
        of.split_once("::").is_some_and(|(name, _)| self.0.contains(name))
    }
}

/// The trait of `<game::step as core::ops::FnOnce<()>>::call_once`. Functions have small letters, types have not.
fn of_function<'a>(linkage: &str, path: &'a str) -> Option<&'a str> {
    let (of, behind) = split_at_depth(path.strip_prefix('<')?, " as ")?;
    let name = of.split('<').next()?.rsplit("::").next()?;
    let is_function =
        of.contains("::") && name.starts_with(|c: char| c.is_lowercase() || c == '{' || c == '_');
    (linkage.starts_with("_R") && is_function).then_some(behind)
}

/// Splits at a separator that lies in no brackets of its own.
fn split_at_depth<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if text[..at].ends_with('-') => {}
            '>' | ')' | ']' if depth == 0 => return None,
            '>' | ')' | ']' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(separator) => {
                return Some((&text[..at], &text[at + separator.len()..]));
            }
            _ => {}
        }
    }
    None
}

/// Whether a function belongs to the standard library, which calls at once what it is given, but for threads.
pub(super) fn is_standard(linkage: &str, path: &str) -> bool {
    let path = of_function(linkage, path)
        .unwrap_or(path)
        .trim_start_matches(['<', '&']);
    let of_library = |path: &str| {
        path.split_once("::")
            .is_some_and(|(name, _)| LIBRARIES.contains(&name))
    };
    of_library(path)
        || path.strip_prefix("T as ").is_some_and(of_library)
        || !path.contains("::") && (path.starts_with('_') || path.len() == 1)
}

/// The path as people write it, the same under both manglings: without the names of bodies, without the arguments of
/// generics, and with closures that have no numbers.
pub(crate) fn plain(demangled: &str) -> String {
    let path = without_generics(&written::author_path(demangled));
    let parts = path.split("::").map(|part| match part.starts_with("{closure") {
        true => CLOSURE,
        false => part,
    });
    hot::plain_path(&parts.collect::<Vec<_>>().join("::"))
}

/// The plain path of a function by its linkage name.
pub(super) fn plain_linkage(linkage: &str) -> String {
    plain(&format!("{:#}", rustc_demangle::demangle(linkage)))
}

/// The function that a closure is written in.
pub(crate) fn enclosing(path: &str) -> &str {
    path.split_once("::{{closure}}").map_or(path, |(outer, _)| outer)
}

/// Drops `::<…>`, which only the v0 mangling has.
fn without_generics(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("::<") {
        plain += before;
        // Legacy names: `game::parts::<impl game::Noise for game::Cat>::noise`.
        if after.starts_with("impl ") {
            plain += "::<";
            rest = after;
            continue;
        }
        let mut depth = 1;
        let end = after.char_indices().find(|(at, c)| {
            match c {
                '<' => depth += 1,
                '>' if !after[..*at].ends_with('-') => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        rest = end.map_or("", |(at, _)| &after[at + 1..]);
    }
    plain + rest
}

/// The last identifier of a path.
pub(super) fn identifier(path: &str) -> &str {
    path.rsplit("::")
        .find(|part| !part.starts_with('{'))
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crates() -> Crates {
        Crates::named(&["game", "world"])
    }

    #[test]
    fn own_functions_are_told_from_instances_of_library_code() {
        for path in [
            "game::main",
            "game::main::{{closure}}",
            "<game::Cat as game::Noise>::noise",
            "<&game::Cat as core::fmt::Debug>::fmt",
            "<alloc::vec::Vec<u8> as world::Noise>::noise",
            "<T as world::Noise>::noise",
            "<game::Grid<(u8, u8)> as core::ops::index::Index<usize>>::index",
        ] {
            assert!(crates().own(path), "{path}");
        }
        for path in [
            "core::ptr::drop_in_place<game::World>",
            "<alloc::vec::Vec<game::World> as core::fmt::Debug>::fmt",
            "<core::iter::Map<game::I, game::F> as core::iter::Iterator>::next",
            "axum::routing::get",
            "main",
            "_start",
            "std::game::x",
            "game::step::_::__ctor",
            "hotpatch_runtime::scope::call",
        ] {
            assert!(!crates().own(path), "{path}");
        }
    }

    #[test]
    fn plain_paths_are_the_same_under_both_manglings() {
        for (demangled, expected) in [
            ("game::step::__hotpatch_body_0123456789abcdef", "game::step"),
            (
                "game::Cat::__hotpatch_body_0123456789abcdef_be_loud",
                "game::Cat::be_loud",
            ),
            (
                "<game::Cat>::__hotpatch_body_0123456789abcdef_be_loud",
                "game::Cat::be_loud",
            ),
            (
                "game::step::__hotpatch_body_0123456789abcdef::{{closure}}",
                "game::step::{{closure}}",
            ),
            (
                "game::step::__hotpatch_body_0123456789abcdef::{closure#1}",
                "game::step::{{closure}}",
            ),
            ("game::apply::<fn(u8) -> u8, alloc::vec::Vec<i32>>", "game::apply"),
            (
                "<game::Cat<u8> as game::Noise>::noise",
                "<game::Cat<u8> as game::Noise>::noise",
            ),
            ("game::each::<u8>::inner", "game::each::inner"),
            (
                "game::a::<impl game::N for u8>::f",
                "game::a::<impl game::N for u8>::f",
            ),
        ] {
            assert_eq!(plain(demangled), expected);
        }
    }

    #[test]
    fn a_closure_lies_in_its_function() {
        assert_eq!(enclosing("game::main::{{closure}}::{{closure}}"), "game::main");
        assert_eq!(enclosing("game::main"), "game::main");
        assert_eq!(identifier("game::main::{{closure}}"), "main");
    }

    #[test]
    fn the_standard_library_is_known() {
        for path in [
            "std::thread::spawn",
            "<alloc::vec::Vec<T> as x::Y>::z",
            "__rust_try",
        ] {
            assert!(is_standard("_ZN", path), "{path}");
        }
        for path in [
            "tokio::task::spawn::spawn",
            "game::main",
            "<game::X as core::fmt::Debug>::fmt",
        ] {
            assert!(!is_standard("_R", path), "{path}");
        }
    }

    #[test]
    fn library_code_for_a_function_is_library_code_also_under_v0() {
        let closure = "<game::NAMES::{{closure}} as core::ops::function::FnOnce<()>>::call_once";
        let handler = "<game::page as axum::handler::Handler<((),), ()>>::call";
        for (path, is_library) in [(closure, true), (handler, false)] {
            assert!(!crates().own_symbol("_RNv", path), "{path}");
            assert_eq!(is_standard("_RNv", path), is_library, "{path}");
        }
        assert!(crates().own_symbol("_RNv", "<game::page as game::Handler>::call"));
        assert!(crates().own_symbol("_RNv", "<game::Page<u8> as core::fmt::Debug>::fmt"));
        // Legacy names have the letter of a parameter there: this is a type.
        assert!(crates().own_symbol("_ZN", "<game::vec3 as core::fmt::Debug>::fmt"));
    }
}
