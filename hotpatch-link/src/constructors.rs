//! Finds what happens when a program starts, before `main`: constructors, and what `inventory` and `linkme` collect.

use rustc_hash::FxHashSet as HashSet;
use xxhash_rust::xxh3::Xxh3;

use crate::deep::Deep;
use crate::fingerprint::Fingerprint;
use crate::initial::written_path;
use crate::names::Names;
use crate::object_file::{ObjectFile, Relocation, Role, SectionId};
use crate::program::{Atom, Program};
use crate::starts::{Kind, Start};

/// The start of a program: what it does there, and the code that does nothing else.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    pub(crate) all: Vec<(Start, Fingerprint)>,
    /// Sections of functions that only the loader calls.
    pub(crate) code: HashSet<Atom>,
}

/// The types whose registrations this tool makes itself.
const OWN_TYPES: [&str; 2] = [
    "hotpatch_runtime::registry::Registered",
    "hotpatch_runtime::generic::RegisteredGeneric",
];

const SLICE_PREFIX: &str = "linkme_";
const CONSTRUCTORS: [&str; 3] = [".init_array", ".preinit_array", ".ctors"];
const DESTRUCTORS: [&str; 2] = [".fini_array", ".dtors"];

impl Starts {
    pub(crate) fn of(program: &Program, names: &Names) -> Self {
        let mut starts = Self::default();
        for (object, sections) in program.objects.iter().map(|object| &object.starts).enumerate() {
            for section in sections.iter().copied() {
                let atom = Atom {
                    object: object as u32,
                    section,
                };
                match kind(&program.section(atom).name) {
                    Some(Kind::Slice(slice)) => starts.elements(program, names, atom, &slice),
                    Some(kind) => starts.pointers(program, names, atom, &kind),
                    None => {}
                }
            }
        }
        starts.all.sort();
        starts
    }

    /// The functions of a section of pointers.
    fn pointers(&mut self, program: &Program, names: &Names, array: Atom, kind: &Kind) {
        for relocation in &program.section(array).relocations {
            let Some((atom, Some(symbol))) = program.target(array, relocation) else {
                continue;
            };
            self.code.insert(atom);
            let function = Deep::of_part(program, names, atom, symbol);
            let mut hash = Xxh3::new();
            hash.update(&function.fingerprint.0.to_le_bytes());
            for callee in function.callees.into_iter().flatten() {
                hash.update(&program.deep(callee).fingerprint.0.to_le_bytes());
            }
            let path = names.path(symbol.name);
            let within = symbol.value..symbol.value + symbol.size;
            let submitted = submission(program, names, atom, within, &mut hash);
            let start = match submitted.as_deref() {
                Some(of) if OWN_TYPES.contains(&of) => continue,
                Some(of) => Start {
                    kind: Kind::Inventory(of.to_owned()),
                    path: path.split("::_::").next().unwrap_or(path).to_owned(),
                },
                None => Start {
                    kind: kind.clone(),
                    path: constructor_path(path, pointer_path(program, names, array, relocation)),
                },
            };
            self.all.push((start, Fingerprint(hash.digest128())));
        }
    }

    /// The elements of a distributed slice.
    fn elements(&mut self, program: &Program, names: &Names, atom: Atom, slice: &str) {
        let file = &program.object(atom).file;
        let section = file.section(atom.section);
        for symbol in section.definitions.iter().map(|index| &file.symbols[*index]) {
            if symbol.size > 0 {
                let start = Start {
                    kind: Kind::Slice(slice.to_owned()),
                    path: element_path(names.path(symbol.name)),
                };
                let element = Deep::of_part(program, names, atom, symbol);
                self.all.push((start, element.fingerprint));
            }
        }
    }
}

/// The sections of an object that are for the start of the program.
pub(crate) fn sections(object: &ObjectFile) -> Vec<SectionId> {
    let sections = object.sections.iter().enumerate();
    sections
        .filter(|(_, section)| kind(&section.name).is_some())
        .map(|(index, _)| SectionId(index as u32))
        .collect()
}

/// The distributed slice whose elements lie in a section.
pub(crate) fn slice(section: &str) -> Option<&str> {
    section.strip_prefix(SLICE_PREFIX)
}

fn kind(section: &str) -> Option<Kind> {
    let begins = |prefix: &&str| section.starts_with(prefix);
    if CONSTRUCTORS.iter().any(begins) {
        Some(Kind::Constructor)
    } else if DESTRUCTORS.iter().any(begins) {
        Some(Kind::Destructor)
    } else {
        slice(section).map(|slice| Kind::Slice(slice.to_owned()))
    }
}

/// The type that a constructor submits to `inventory`. Takes the submitted value into the fingerprint.
///
/// The constructor leads to a node, the node to the value and to the code that adds it to the list of its type.
fn submission(
    program: &Program,
    names: &Names,
    constructor: Atom,
    within: std::ops::Range<u64>,
    hash: &mut Xxh3,
) -> Option<String> {
    let mut seen = HashSet::default();
    let first = program.section(constructor).relocations_in(&within);
    let mut open: Vec<(Atom, &Relocation)> = first.iter().map(|r| (constructor, r)).collect();
    while let Some((from, relocation)) = open.pop() {
        let name = program.object(from).file.symbols[relocation.symbol].name;
        let path = names.path(name);
        if let Some(of) = collected_type(path) {
            return Some(of.to_owned());
        }
        let Some((atom, symbol)) = program.target(from, relocation) else {
            continue;
        };
        let follows = match (program.section(atom).role, symbol) {
            (Role::Variable, Some(symbol)) if path.ends_with("::__INVENTORY") => {
                let node = Deep::of_part(program, names, atom, symbol);
                hash.update(&node.fingerprint.0.to_le_bytes());
                true
            }
            (Role::Constant, _) => true,
            (Role::Code, _) => path.contains("inventory::"),
            _ => false,
        };
        if follows && seen.insert(atom) {
            open.extend(program.section(atom).relocations.iter().map(|r| (atom, r)));
        }
    }
    None
}

/// The type in `<game::Plugin as inventory::Collect>::registry`.
fn collected_type(path: &str) -> Option<&str> {
    let (of, rest) = path.strip_prefix('<')?.split_once(" as inventory::Collect>")?;
    rest.starts_with("::registry").then_some(of)
}

/// The path of the static that holds a pointer of an array.
fn pointer_path<'n>(program: &Program, names: &'n Names, array: Atom, relocation: &Relocation) -> &'n str {
    let file = &program.object(array).file;
    let pointer = file.definition_at(array.section, relocation.offset);
    pointer.map_or("", |pointer| names.path(pointer.name))
}

/// The path that the author of an element of a distributed slice gave it: functions get a static of their own.
fn element_path(path: &str) -> String {
    written_path(path).replace("_LINKME_ELEMENT_", "")
}

/// What its author calls a constructor. Macros nest the function that the loader calls in the static that points to it,
/// and that in the function of the author.
fn constructor_path(path: &str, pointer: &str) -> String {
    let is_nested = path
        .strip_prefix(pointer)
        .is_some_and(|rest| rest.starts_with("::"));
    let path = match pointer.rsplit_once("::").filter(|_| is_nested) {
        Some((function, name)) if name.len() == 1 || name.starts_with('_') => function,
        _ => path,
    };
    let path = written_path(path);
    let mut parts = path.split("::");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (part, is_last) = match part.split_once("___rust_ctor_") {
            Some((part, _)) => (part, true),
            None => (part, false),
        };
        if part.starts_with('_') || part.starts_with('{') {
            break;
        }
        kept = format!("{kept}::{part}");
        if is_last {
            break;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructors_have_the_names_of_their_authors() {
        for (path, pointer, name) in [
            ("game::init", "game::INIT", "game::init"),
            (
                "game::at_start___rust_ctor___ctor::at_start___rust_ctor___ctor",
                "game::at_start___rust_ctor___ctor",
                "game::at_start",
            ),
            ("game::at_start::f::f", "game::at_start::f", "game::at_start"),
            ("game::at_start::__ctor_private::f", "", "game::at_start"),
            ("game::_::__ctor", "game::_::__CTOR", "game"),
        ] {
            assert_eq!(constructor_path(path, pointer), name);
        }
        assert_eq!(element_path("game::_LINKME_ELEMENT_walk"), "game::walk");
        let registry = "<game::Plugin as inventory::Collect>::registry::REGISTRY";
        assert_eq!(collected_type(registry), Some("game::Plugin"));
        assert_eq!(collected_type("<game::Plugin as game::Collect>::registry"), None);
    }
}
