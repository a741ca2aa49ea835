//! What happens when a program starts, before `main`: constructors, and what `inventory` and `linkme` collect.
//!
//! A process has started already, so an edit of any of this has no effect on it. That is told, once for each change.

use rustc_hash::FxHashSet as HashSet;
use xxhash_rust::xxh3::Xxh3;

use crate::Subject;
use crate::deep::Deep;
use crate::fingerprint::Fingerprint;
use crate::initial::written_path;
use crate::names::Names;
use crate::object_file::{ObjectFile, Relocation, Role, SectionId};
use crate::program::{Atom, Program};

/// Something that happens only when a program starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Start {
    pub(crate) kind: Kind,
    /// What it is: the path of a function or static, or the module for what `inventory` collects.
    pub(crate) path: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Constructor,
    Destructor,
    /// A value of this type.
    Inventory(String),
    /// An element of the distributed slice of this name.
    Slice(String),
}

/// The start of a program: what it does there, and the code that does nothing else.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    pub(crate) all: Vec<(Start, Fingerprint)>,
    /// Sections of functions that only the loader calls.
    pub(crate) code: HashSet<Atom>,
}

/// The type whose registrations this tool makes itself.
const OWN_TYPE: &str = "hotpatch_runtime::registry::Registered";

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
                Some(OWN_TYPE) => continue,
                Some(of) => Start {
                    kind: Kind::Inventory(of.to_owned()),
                    path: path.split("::_::").next().unwrap_or(path).to_owned(),
                },
                None => Start {
                    kind: kind.clone(),
                    path: constructor_path(path),
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
                    path: written_path(names.path(symbol.name)),
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

fn kind(section: &str) -> Option<Kind> {
    let begins = |prefix: &&str| section.starts_with(prefix);
    if CONSTRUCTORS.iter().any(begins) {
        Some(Kind::Constructor)
    } else if DESTRUCTORS.iter().any(begins) {
        Some(Kind::Destructor)
    } else {
        let slice = section.strip_prefix(SLICE_PREFIX)?;
        Some(Kind::Slice(slice.to_owned()))
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

/// What its author calls a constructor: macros nest the function that the loader calls in that of the author.
fn constructor_path(path: &str) -> String {
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

impl NewStarts {
    /// Whether something is to happen that did not happen in the process.
    pub(crate) fn any_missing(&self) -> bool {
        !self.added.is_empty() || !self.changed.is_empty()
    }

    /// What of it can be shown in the sources; what `inventory` collects has no name.
    pub(crate) fn subject(&self) -> Option<Subject> {
        self.changed
            .iter()
            .chain(&self.added)
            .find_map(|start| match start.kind {
                Kind::Constructor | Kind::Destructor => Some(Subject::of_function(&start.path)),
                Kind::Slice(_) => Some(Subject::of_static(&start.path)),
                Kind::Inventory(_) => None,
            })
    }

    /// Whether a function is a changed constructor, or the destructor.
    pub(crate) fn is_changed_function(&self, path: &str) -> bool {
        let is_function = |start: &&Start| matches!(start.kind, Kind::Constructor | Kind::Destructor);
        self.changed
            .iter()
            .filter(is_function)
            .any(|start| start.path == path)
    }

    /// One sentence for each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(self.added.iter().map(Start::added));
        notes.extend(self.changed.iter().map(Start::changed));
        notes.extend(self.gone.iter().map(Start::gone));
        notes
    }
}

impl Start {
    fn added(&self) -> String {
        let path = &self.path;
        match &self.kind {
            Kind::Constructor => {
                format!(
                    "constructor `{path}` is new: it runs when the program starts, so not in this process"
                )
            }
            Kind::Destructor => {
                format!("destructor `{path}` is new: it runs at the end of programs that started with it")
            }
            Kind::Inventory(of) => format!(
                "`{path}` submits another `{of}` to `inventory`: that happens when the program starts, so not in this \
                 process"
            ),
            Kind::Slice(slice) => format!(
                "`{path}` is a new element of the distributed slice `{slice}`: the process keeps the slice that it \
                 started with"
            ),
        }
    }

    fn changed(&self) -> String {
        let path = &self.path;
        match &self.kind {
            Kind::Constructor => {
                format!(
                    "constructor `{path}` changed: it ran when the program started and does not run again"
                )
            }
            Kind::Destructor => {
                format!("destructor `{path}` changed: the end of this process runs the old one")
            }
            Kind::Inventory(of) => format!(
                "the `{of}` that `{path}` submits to `inventory` changed: the process keeps the one that it has"
            ),
            Kind::Slice(slice) => format!(
                "element `{path}` of the distributed slice `{slice}` changed: the process keeps the one that it has"
            ),
        }
    }

    fn gone(&self) -> String {
        let path = &self.path;
        match &self.kind {
            Kind::Constructor => {
                format!("constructor `{path}` is gone: what it did when the program started stays")
            }
            Kind::Destructor => format!("destructor `{path}` is gone: the end of this process still runs it"),
            Kind::Inventory(of) => format!(
                "a `{of}` that `{path}` submitted to `inventory` is gone: the process keeps it until it restarts"
            ),
            Kind::Slice(slice) => format!(
                "element `{path}` of the distributed slice `{slice}` is gone: the process keeps it until it restarts"
            ),
        }
    }
}

/// What the author was told about the start of the program, and what the start of the process was.
#[derive(Debug, Default)]
pub(crate) struct KnownStarts {
    in_process: Vec<(Start, Fingerprint)>,
    told: Vec<(Start, Fingerprint)>,
}

/// What differs from the start of the process, and was not told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NewStarts {
    pub(crate) added: Vec<Start>,
    pub(crate) changed: Vec<Start>,
    pub(crate) gone: Vec<Start>,
}

impl KnownStarts {
    pub(crate) fn of_process(starts: Starts) -> Self {
        Self {
            told: starts.all.clone(),
            in_process: starts.all,
        }
    }

    pub(crate) fn compare(&self, now: &Starts) -> NewStarts {
        let mut old = without(&self.in_process, &now.all);
        let mut told = without(&self.told, &self.in_process);
        let mut new = NewStarts::default();
        for (start, fingerprint) in without(&now.all, &self.in_process) {
            let before = old.iter().position(|(known, _)| *known == start);
            let item = (start.clone(), fingerprint);
            let known = told.iter().position(|told| *told == item);
            let list = match before.map(|before| old.remove(before)) {
                Some(_) => &mut new.changed,
                None => &mut new.added,
            };
            match known {
                Some(known) => drop(told.remove(known)),
                None => list.push(start),
            }
        }
        let was_told = |start: &Start| self.told.iter().any(|(told, _)| told == start);
        let gone = old.into_iter().map(|(start, _)| start);
        new.gone = gone.filter(was_told).collect();
        new
    }

    pub(crate) fn tell(&mut self, now: Starts) {
        self.told = now.all;
    }
}

/// The elements of one list that are not in the other; equal ones count.
fn without(list: &[(Start, Fingerprint)], other: &[(Start, Fingerprint)]) -> Vec<(Start, Fingerprint)> {
    let mut left = list.to_vec();
    for item in other {
        if let Some(at) = left.iter().position(|known| known == item) {
            left.remove(at);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(list: &[(&str, u128)]) -> Starts {
        let start = |(path, content): &(&str, u128)| {
            let start = Start {
                kind: Kind::Constructor,
                path: (*path).to_owned(),
            };
            (start, Fingerprint(*content))
        };
        Starts {
            all: list.iter().map(start).collect(),
            ..Starts::default()
        }
    }

    fn check(known: &mut KnownStarts, now: &[(&str, u128)], expected: [&[&str]; 3]) {
        let now = starts(now);
        let new = known.compare(&now);
        let paths = |list: &[Start]| list.iter().map(|start| start.path.clone()).collect::<Vec<_>>();
        assert_eq!(
            [paths(&new.added), paths(&new.changed), paths(&new.gone)],
            expected
        );
        known.tell(now);
    }

    #[test]
    fn each_change_of_the_start_is_told_once() {
        let mut known = KnownStarts::of_process(starts(&[("a", 1), ("b", 2)]));
        check(&mut known, &[("a", 1), ("b", 2)], [&[], &[], &[]]);
        check(&mut known, &[("a", 1), ("b", 3), ("c", 4)], [&["c"], &["b"], &[]]);
        check(&mut known, &[("a", 1), ("b", 3), ("c", 4)], [&[], &[], &[]]);
        check(&mut known, &[("a", 1), ("b", 5), ("c", 6)], [&["c"], &["b"], &[]]);
        // What was added after the start is gone without a trace.
        check(&mut known, &[("a", 1)], [&[], &[], &["b"]]);
        check(&mut known, &[("a", 1)], [&[], &[], &[]]);
        // Again as it was when the program started.
        check(&mut known, &[("a", 1), ("b", 2)], [&[], &[], &[]]);
    }

    #[test]
    fn equal_starts_of_one_name_are_counted() {
        let mut known = KnownStarts::of_process(starts(&[("a", 1)]));
        check(&mut known, &[("a", 1), ("a", 1)], [&["a"], &[], &[]]);
    }

    #[test]
    fn constructors_have_the_names_of_their_authors() {
        for (path, name) in [
            ("game::init", "game::init"),
            (
                "game::at_start___rust_ctor___ctor::at_start___rust_ctor___ctor",
                "game::at_start",
            ),
            ("game::at_start::__ctor_private::f", "game::at_start"),
            ("game::_::__ctor", "game"),
        ] {
            assert_eq!(constructor_path(path), name);
        }
        let registry = "<game::Plugin as inventory::Collect>::registry::REGISTRY";
        assert_eq!(collected_type(registry), Some("game::Plugin"));
        assert_eq!(collected_type("<game::Plugin as game::Collect>::registry"), None);
    }
}
