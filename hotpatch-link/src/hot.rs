//! The hot functions of a program: each entry with its body, paired by path and tag.

use rustc_hash::FxHashMap as HashMap;

use hotpatch_abi::code;
use hotpatch_abi::names::{
    BODY_PREFIX, CLOSURE_BODY, ENTRY_PREFIX, INSTANCE_PREFIX, STATE_BODY, STATE_DESCRIPTION, TYPES_PREFIX,
};

use crate::names::{self, Identifier, Name, Names};
use crate::object_file::Role;
use crate::program::{Atom, Program};
use crate::{Error, Subject, written};

/// A hot function of a program.
#[derive(Clone, Debug)]
pub(crate) struct HotFunction {
    pub(crate) entry: Identifier,
    pub(crate) path: String,
    /// The body; several for a method of a generic type, which has one entry for all its instances. Never empty.
    pub(crate) bodies: Vec<Body>,
    /// Tells its types from all others; `None` where the macro cannot.
    pub(crate) types: Option<Types>,
}

/// What tells the types of a hot function from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Types {
    /// A symbol name.
    linkage: Name,
    /// The types written out, by debug information.
    text: Option<Name>,
}

impl Types {
    /// The types as people write them: `fn(u32) -> u32`.
    pub(crate) fn text(self, names: &Names) -> Option<&str> {
        let text = names.text(self.text?);
        text.split_once('<')?.1.strip_suffix('>')
    }

    /// Whether both are the same. Symbol names decide only without debug information: the hash in a legacy one changes
    /// with the visibility and the order of the fields of a type, too.
    pub(crate) fn agree(self, other: Self) -> bool {
        match (self.text, other.text) {
            (Some(text), Some(other)) => text == other,
            _ => self.linkage == other.linkage,
        }
    }
}

/// The body of a hot function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) atom: Atom,
    /// Its own name. The section may have others: of functions that have the same code.
    pub(crate) linkage: Name,
}

impl HotFunction {
    /// The one body.
    pub(crate) fn body(&self) -> Result<Body, Error> {
        match self.bodies[..] {
            [body] => Ok(body),
            _ => {
                let (path, count) = (&self.path, self.bodies.len());
                let message = format!(
                    "hot function `{path}` has {count} instances: generic ones are not supported yet"
                );
                Err(Error::new(code::GENERIC, message).about(Subject::of_function(path)))
            }
        }
    }
}

/// All hot functions of a program, in the order of their paths.
pub(crate) fn functions(program: &Program, names: &Names) -> Vec<HotFunction> {
    let mut found = Found::default();
    for atom in program.atoms() {
        let role = program.section(atom).role;
        for title in program.object(atom).file.titles(atom.section) {
            found.note(program, names, atom, role, title.id);
        }
    }
    found.functions()
}

/// What belongs to hot functions, by `path#tag`.
#[derive(Default)]
struct Found {
    entries: HashMap<String, (Identifier, Option<Body>)>,
    bodies: HashMap<String, Vec<Body>>,
    types: HashMap<String, Types>,
}

impl Found {
    fn note(&mut self, program: &Program, names: &Names, atom: Atom, role: Role, id: Identifier) {
        let text = names.text(id.path);
        match role {
            Role::Variable if text.contains(ENTRY_PREFIX) => {
                let entry = (id, pointed_to(program, atom));
                self.entries
                    .extend(key(text, ENTRY_PREFIX).map(|key| (key, entry)));
            }
            Role::Constant if text.contains(TYPES_PREFIX) => {
                let types = pointed_to(program, atom).map(|function| Types {
                    linkage: function.linkage,
                    text: program
                        .object(function.atom)
                        .types
                        .told
                        .get(&function.linkage)
                        .copied(),
                });
                self.types.extend(key(text, TYPES_PREFIX).zip(types));
            }
            Role::Code if text.contains(BODY_PREFIX) => {
                if let Some(key) = body_key(text, BODY_PREFIX) {
                    let linkage = id.linkage;
                    self.bodies.entry(key).or_default().push(Body { atom, linkage });
                }
            }
            _ => {}
        }
    }

    fn functions(mut self) -> Vec<HotFunction> {
        let mut functions = Vec::new();
        for (key, (entry, pointed_to)) in self.entries {
            let path = plain_path(key.split_once('#').map_or(key.as_str(), |(path, _)| path));
            // Where another function has the same code, the entry may lead to that one.
            let bodies = self.bodies.remove(&key);
            let bodies = bodies.or_else(|| pointed_to.map(|body| vec![body]));
            // Without a body, nobody calls the function, and the compiler left it out.
            functions.extend(bodies.map(|bodies| HotFunction {
                entry,
                path,
                bodies,
                types: self.types.get(&key).copied(),
            }));
        }
        functions.sort_by(|a, b| (&a.path, a.entry).cmp(&(&b.path, b.entry)));
        functions
    }
}

/// The function that a static holds a pointer to.
fn pointed_to(program: &Program, atom: Atom) -> Option<Body> {
    let mut targets = program
        .section(atom)
        .relocations
        .iter()
        .filter_map(|r| program.target(atom, r));
    targets.find_map(|(atom, symbol)| {
        let linkage = symbol?.id.linkage;
        (program.section(atom).role == Role::Code).then_some(Body { atom, linkage })
    })
}

/// Whether a path is that of the body of a hot function: not something inside one, and nothing that names one.
pub(crate) fn is_body(path: &str) -> bool {
    path.contains(BODY_PREFIX) && body_key(path, BODY_PREFIX).is_some() || is_instance(path)
}

/// Whether a path is that of a body that has no entry: one of several instances, of a closure that is given to `call` or
/// to `State::with`, or of what describes a type.
pub(crate) fn is_instance(path: &str) -> bool {
    is_closure(path)
        || is_description(path)
        || path.contains(INSTANCE_PREFIX) && body_key(without_arguments(path), INSTANCE_PREFIX).is_some()
}

/// Whether a path is that of a function of the runtime that finds the code of hot functions. It has no code of the
/// author, and which of its instances it is says nothing.
pub(crate) fn is_dispatch(path: &str) -> bool {
    path.starts_with("hotpatch_runtime::dispatch::")
}

/// Whether a path is that of the body of a closure that is given to `call`, or to `State::with`.
pub(crate) fn is_closure(path: &str) -> bool {
    is_exactly(path, CLOSURE_BODY) || is_access(path)
}

/// Whether a path is that of the body of a closure that is given to `State::with`.
pub(crate) fn is_access(path: &str) -> bool {
    is_exactly(path, STATE_BODY)
}

/// Whether a path is that of what describes a type that a `State` is of.
pub(crate) fn is_description(path: &str) -> bool {
    is_exactly(path, STATE_DESCRIPTION)
}

fn is_exactly(path: &str, function: &str) -> bool {
    path.starts_with(function) && without_arguments(path) == function
}

/// The path of a function without its own type arguments, which only v0 names have.
pub(crate) fn without_arguments(path: &str) -> &str {
    if !path.ends_with('>') {
        return path;
    }
    let mut depth = 0_usize;
    let start = path.char_indices().rev().find(|(at, char)| {
        // Not the head of an arrow.
        let is_arrow = path[..*at].ends_with(['-', '=']);
        match char {
            '>' if !is_arrow => depth += 1,
            '<' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let start = start.map_or(path, |(at, _)| &path[..at]);
    start.strip_suffix("::").unwrap_or(path)
}

/// `path#tag` of a static beside an entry: `<path>::<prefix><tag>`.
fn key(path: &str, prefix: &str) -> Option<String> {
    let (path, tag) = path.rsplit_once(prefix)?;
    (tag.len() == TAG_LEN).then_some(())?;
    let path = path.strip_suffix("::")?;
    // That of an `async fn` lies in its future.
    let path = path
        .strip_suffix(names::CLOSURE)
        .and_then(|path| path.strip_suffix("::"))
        .unwrap_or(path);
    Some(format!("{path}#{tag}"))
}

/// `path#tag` of a body that is named with this prefix.
fn body_key(path: &str, prefix: &str) -> Option<String> {
    let made = written::made(path).filter(|made| made.prefix == prefix && made.rest.is_empty())?;
    Some(format!("{}#{}", made.function, made.tag))
}

/// Hexadecimal digits of a tag.
const TAG_LEN: usize = 16;

/// The path of any function as people write it: for the body of a hot function, that of the function.
pub(crate) fn function_path(demangled: &str) -> String {
    let path = match written::made(demangled) {
        Some(_) => without_arguments(demangled),
        None => demangled,
    };
    plain_path(&written::author_path(path))
}

/// The path as people write it, the same under both manglings: v0 puts the type of an inherent method in brackets.
pub(crate) fn plain_path(path: &str) -> String {
    let Some(rest) = path.strip_prefix('<') else {
        return path.to_owned();
    };
    match rest.find('>') {
        Some(end) if !rest[..end].contains([' ', '<']) => format!("{}{}", &rest[..end], &rest[end + 1..]),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entry: &str, body: &str, key: &str) {
        assert_eq!(super::key(entry, ENTRY_PREFIX).as_deref(), Some(key));
        assert_eq!(body_key(body, BODY_PREFIX).as_deref(), Some(key));
    }

    #[test]
    fn entry_and_body_of_a_free_function_share_a_key() {
        check(
            "game::step::__HOTPATCH_ENTRY_0123456789abcdef",
            "game::step::__hotpatch_body_0123456789abcdef",
            "game::step#0123456789abcdef",
        );
    }

    #[test]
    fn entry_and_body_of_a_method_share_a_key() {
        check(
            "game::Player::hurt::__HOTPATCH_ENTRY_0123456789abcdef",
            "game::Player::__hotpatch_body_0123456789abcdef_hurt",
            "game::Player::hurt#0123456789abcdef",
        );
    }

    #[test]
    fn what_is_inside_a_body_or_names_one_is_no_body() {
        for symbol in [
            "game::step::__hotpatch_body_0123456789abcdef::{{closure}}",
            "game::Player::__hotpatch_body_0123456789abcdef_hurt::{{closure}}",
            "game::Player::__hotpatch_body_0123456789abcdef_hurt::inner",
            "core::ops::FnOnce::call_once::<game::step::__hotpatch_body_0123456789abcdef>",
            "core::ops::FnOnce::call_once::<<game::P>::__hotpatch_body_0123456789abcdef_hurt>",
        ] {
            assert!(!is_body(symbol), "{symbol}");
        }
        assert!(is_body("game::step::__hotpatch_body_0123456789abcdef"));
    }

    #[test]
    fn instances_are_bodies_of_their_own_kind() {
        for (path, function) in [
            ("game::push::__hotpatch_instance_0123456789abcdef", "game::push"),
            (
                "game::push::__hotpatch_instance_0123456789abcdef::<fn() -> u8, u8>",
                "game::push",
            ),
            (
                "game::Stack<T>::__hotpatch_instance_0123456789abcdef_push",
                "game::Stack<T>::push",
            ),
            (
                "<game::Stack<u8>>::__hotpatch_instance_0123456789abcdef_map::<u8>",
                "<game::Stack<u8>>::map",
            ),
        ] {
            assert!(is_instance(path) && is_body(path), "{path}");
            assert_eq!(function_path(path), function);
        }
        assert!(is_instance("hotpatch_runtime::closure::body"));
        assert!(is_instance(
            "hotpatch_runtime::closure::body::<game::main::{{closure}}, ()>"
        ));
        assert!(!is_instance("hotpatch_runtime::closure::body::inner"));
        assert!(!is_instance("game::step::__hotpatch_body_0123456789abcdef"));
        assert!(!is_instance(
            "game::push::__hotpatch_instance_0123456789abcdef::{{closure}}"
        ));
    }

    #[test]
    fn brackets_of_inherent_types_are_dropped() {
        assert_eq!(plain_path("<game::Player>::hurt"), "game::Player::hurt");
        assert_eq!(
            plain_path("<game::A as game::B>::hurt"),
            "<game::A as game::B>::hurt"
        );
        assert_eq!(plain_path("game::step"), "game::step");
    }
}
