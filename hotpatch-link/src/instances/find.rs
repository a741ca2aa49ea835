//! Which instances a program has.

use std::collections::BTreeMap;

use hotpatch_abi::names::{STATE_BODY, STATE_DESCRIPTION};
use rustc_hash::FxHashSet as HashSet;
use xxhash_rust::xxh3::Xxh3;

use crate::fingerprint::Fingerprint;
use crate::hot::{self, Body};
use crate::names::{self, Name, Names};
use crate::program::{Atom, Program};
use crate::written;

/// What the debug information calls the captures of a closure, before its number.
const CLOSURE_ENV: &str = "{closure_env#";
/// The type of a function, or of a pointer to one.
const FUNCTION: &str = "fn(";
/// What a closure is called in backtraces.
const CLOSURE: &str = "{closure#";

/// How the paths of the runtime begin.
const RUNTIME: [&str; 2] = ["hotpatch_runtime::", "<F as hotpatch_runtime::"];
const LIBRARIES: [&str; 4] = ["core::", "alloc::", "std::", "hotpatch_runtime::"];

/// A function that was given to `call`, and of which nothing but its code is left.
const CALLED: &str = "the function given to hotpatch::call";
/// The same for a value.
const USED: &str = "the function given to State::with";

/// What lies between a function that calls a closure and the closure.
const CALLS: &str = "core::ops::function::Fn";

/// An instance of a generic hot function, or a closure.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    /// Tells it from all others of its program.
    pub(crate) identity: String,
    /// How people call it.
    pub(crate) path: String,
    /// One for each crate that uses it, all of the same code.
    pub(crate) bodies: Vec<Body>,
    /// What it captures, if it is a closure.
    pub(crate) captures: Option<Vec<Capture>>,
    /// Its code, with that of the closure that it runs.
    pub(crate) content: Fingerprint,
}

/// A variable that a closure captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capture {
    pub(crate) name: Name,
    pub(crate) of: Name,
    offset: u64,
}

/// The instances of a program, in the order of their identities.
pub(crate) fn instances(program: &Program, names: &Names) -> Vec<Instance> {
    let mut found: BTreeMap<String, Instance> = BTreeMap::new();
    for atom in program.functions() {
        for id in program.ids(atom) {
            let path = names.text(id.path);
            if hot::is_instance(path) {
                note(
                    &mut found,
                    program,
                    names,
                    Body {
                        atom,
                        linkage: id.linkage,
                    },
                    path,
                );
            }
        }
    }
    found.into_values().collect()
}

fn note(found: &mut BTreeMap<String, Instance>, program: &Program, names: &Names, body: Body, path: &str) {
    let content = content(program, names, body.atom);
    let (mut identity, shown, environment) = describe(program, names, body, path);
    // As with one crate in two versions.
    if found.get(&identity).is_some_and(|known| known.content != content) {
        identity = format!("{identity} {}", names.text(body.linkage));
    }
    let instance = found.entry(identity).or_insert_with_key(|identity| Instance {
        identity: identity.clone(),
        path: shown,
        bodies: Vec::new(),
        captures: environment.map(|of| captures(program, names, body.atom, of)),
        content,
    });
    instance.bodies.push(body);
}

/// The code of an instance with that of the closures that it runs. What else it calls has a name.
fn content(program: &Program, names: &Names, body: Atom) -> Fingerprint {
    let mut hash = Xxh3::new();
    let (mut open, mut seen) = (vec![body], HashSet::default());
    while let Some(atom) = open.pop().filter(|atom| seen.insert(*atom)) {
        let deep = program.deep(atom);
        hash.update(&deep.fingerprint.0.to_le_bytes());
        let callees = deep.callees.iter().flatten().copied();
        open.extend(callees.filter(|callee| {
            let path = program.id(*callee).map_or("", |id| names.text(id.path));
            path.ends_with(names::CLOSURE) || path.contains(CALLS)
        }));
    }
    Fingerprint(hash.digest128())
}

/// The identity of an instance, how people call it, and the type of a closure.
fn describe(
    program: &Program,
    names: &Names,
    Body { atom, linkage }: Body,
    path: &str,
) -> (String, String, Option<String>) {
    let generic = hot::without_arguments(path);
    let told = program.object(atom).types.instances.get(&linkage);
    let Some((_, arguments)) = told.and_then(|told| names.text(*told).split_once('<')) else {
        // Without debug information.
        return (names.text(linkage).to_owned(), hot::function_path(path), None);
    };
    let mut identity = format!("{generic}<{arguments}");
    if arguments.contains(FUNCTION) {
        // The type of a function is called like a pointer to it.
        identity = format!("{identity} {}", names.text(linkage));
    }
    if generic == STATE_DESCRIPTION {
        return (identity, format!("State<{arguments}"), None);
    }
    if hot::is_closure(generic) {
        let closure = first_argument(arguments);
        let shown = match closure.contains(CLOSURE_ENV) {
            true => plain_closure(closure),
            false => given(program, names, atom, arguments).unwrap_or_else(|| {
                let called = if hot::is_access(generic) { USED } else { CALLED };
                called.to_owned()
            }),
        };
        return (identity, shown, Some(closure.to_owned()));
    }
    let function = hot::function_path(generic);
    if RUNTIME.iter().any(|part| function.starts_with(part))
        && let Some(given) = given(program, names, atom, arguments)
    {
        return (identity, given, None);
    }
    // The v0 name of an inherent method has the arguments of the type in its path.
    let is_told =
        names.text(linkage).starts_with("_R") && function.starts_with('<') && !function.contains(" as ");
    let shown = match is_told {
        true => function,
        false => format!("{function}::<{}", plain_closure(arguments)),
    };
    (identity, shown, None)
}

/// What the runtime was given to run: the function whose future it is, or the function that it calls.
fn given(program: &Program, names: &Names, body: Atom, arguments: &str) -> Option<String> {
    if let Some((before, _)) = arguments.rsplit_once("::{async") {
        let start = before.rfind([' ', '<', '&', '(']).map_or(0, |at| at + 1);
        return Some(plain_closure(&before[start..]));
    }
    let (mut open, mut seen) = (vec![body], HashSet::default());
    while let Some(atom) = open.pop().filter(|atom| seen.insert(*atom)) {
        for callee in program.deep(atom).callees.iter().flatten().copied() {
            let path = program.id(callee).map_or("", |id| names.text(id.path));
            if path.contains(CALLS) {
                open.push(callee);
            } else if !LIBRARIES.iter().any(|library| path.starts_with(library)) {
                return Some(hot::function_path(path));
            }
        }
    }
    None
}

/// The first of several type arguments.
fn first_argument(arguments: &str) -> &str {
    let mut depth = 0_u32;
    let end = arguments.char_indices().find(|(at, char)| match char {
        // The head of an arrow.
        '>' if arguments[..*at].ends_with('-') => false,
        '<' | '(' | '[' => {
            depth += 1;
            false
        }
        '>' | ')' | ']' if depth > 0 => {
            depth -= 1;
            false
        }
        ',' | '>' => depth == 0,
        _ => false,
    });
    &arguments[..end.map_or(arguments.len(), |(at, _)| at)]
}

/// The closure that is given to `State::with` and the type of its value, if that is what an identity is of.
pub(super) fn access(identity: &str) -> Option<(&str, &str)> {
    let arguments = identity.strip_prefix(STATE_BODY)?.strip_prefix('<')?;
    let closure = first_argument(arguments);
    let rest = arguments[closure.len()..].strip_prefix(", ")?;
    Some((closure, first_argument(rest)))
}

/// The path of a closure without what belongs to the bodies of hot functions.
pub(super) fn plain_closure(text: &str) -> String {
    written::author_path(text).replace(CLOSURE_ENV, CLOSURE)
}

fn captures(program: &Program, names: &Names, atom: Atom, of: String) -> Vec<Capture> {
    let types = &program.object(atom).types.types;
    let environment = types.iter().find(|known| names.text(known.name) == of);
    let members = environment
        .into_iter()
        .flat_map(|environment| &environment.members);
    let captures = members.map(|member| Capture {
        name: member.name,
        of: member.of,
        offset: member.offset,
    });
    captures.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closure_is_the_first_argument() {
        for (arguments, first) in [
            ("game::main::{closure_env#0}, ()>", "game::main::{closure_env#0}"),
            (
                "game::run::{closure_env#1}<(u8, u8), [u8; 2]>, u8>",
                "game::run::{closure_env#1}<(u8, u8), [u8; 2]>",
            ),
            ("fn() -> u8>", "fn() -> u8"),
        ] {
            assert_eq!(first_argument(arguments), first);
        }
    }

    #[test]
    fn an_access_names_its_closure_and_the_type_of_the_value() {
        let identity = format!(
            "{STATE_BODY}<game::main::{{closure_env#0}}<(u8, u8)>, game::World<u8>, &game::World<u8>, ()>"
        );
        let expected = ("game::main::{closure_env#0}<(u8, u8)>", "game::World<u8>");
        assert_eq!(access(&identity), Some(expected));
        assert_eq!(access("hotpatch_runtime::closure::body<a, b>"), None);
    }

    #[test]
    fn closures_are_called_as_in_backtraces() {
        let body = "game::step::__hotpatch_body_0123456789abcdef::{closure_env#2}";
        assert_eq!(plain_closure(body), "game::step::{closure#2}");
    }
}
