//! Which hot functions reach a static, and which functions that stay as they were lead to the old code of a hot one.
//!
//! A hot function is reached through the table, so what calls one does not reach what lies behind it.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::deep::Deep;
use crate::hot;
use crate::live::{BASE, Callee, ImageIndex, Live, Version};
use crate::names::{Identifier, Name, Names};
use crate::object_file::Role;
use crate::program::Atom;
use crate::selection::Compared;

/// The hot functions and instances from which something is reached.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    /// By entry.
    pub(crate) functions: HashSet<Identifier>,
    /// Indices among the instances of the new objects.
    pub(crate) instances: HashSet<usize>,
}

impl Hot {
    pub(crate) fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.instances.is_empty()
    }
}

/// The hot functions and instances from which one of `targets` is reached.
pub(crate) fn hot(compared: Compared<'_>, targets: &HashSet<Atom>) -> Hot {
    let Compared {
        program,
        hot,
        adopted,
        names,
        ..
    } = compared;
    let mut from: HashMap<Atom, Vec<Atom>> = HashMap::default();
    let mut open: Vec<Atom> = hot
        .iter()
        .flat_map(|function| &function.bodies)
        .map(|body| body.atom)
        .chain(adopted.bodies())
        .collect();
    let mut seen: HashSet<Atom> = open.iter().copied().collect();
    while let Some(atom) = open.pop() {
        for relocation in &program.section(atom).relocations {
            let Some((target, _)) = program.target(atom, relocation) else {
                continue;
            };
            let is_body = || {
                program
                    .id(target)
                    .is_some_and(|id| hot::is_body(names.text(id.path)))
            };
            if is_body() {
                continue;
            }
            from.entry(target).or_default().push(atom);
            let role = program.section(target).role;
            let leads_on = matches!(
                role,
                Role::Code | Role::Constant | Role::Variable | Role::ThreadLocal
            );
            if leads_on && seen.insert(target) {
                open.push(target);
            }
        }
    }
    let reached = upwards(targets.iter().copied(), |atom| {
        from.get(&atom).map_or(&[][..], Vec::as_slice)
    });
    let reaches = |bodies: &[hot::Body]| bodies.iter().any(|body| reached.contains(&body.atom));
    let functions = hot.iter().filter(|function| reaches(&function.bodies));
    let instances = adopted.instances.iter().enumerate();
    Hot {
        functions: functions.map(|function| function.entry).collect(),
        instances: instances
            .filter(|(_, instance)| reaches(&instance.bodies))
            .map(|(index, _)| index)
            .collect(),
    }
}

/// All from which the first ones are reached, with them.
fn upwards<'a, T>(first: impl IntoIterator<Item = T>, from: impl Fn(T) -> &'a [T]) -> HashSet<T>
where
    T: Copy + Eq + std::hash::Hash + 'a,
{
    let mut open: Vec<T> = first.into_iter().collect();
    let mut reached: HashSet<T> = open.iter().copied().collect();
    while let Some(at) = open.pop() {
        open.extend(from(at).iter().copied().filter(|next| reached.insert(*next)));
    }
    reached
}

/// Where a program begins: it calls `std`, and hands on the author's own `main`.
const START: &str = "main";

/// The calls between the functions of a process.
pub(crate) struct Calls<'a> {
    live: &'a Live,
    names: &'a Names,
    callers: HashMap<Version, Vec<Version>>,
    /// What begins to run by itself, or through a pointer in a static.
    roots: HashSet<Version>,
}

impl<'a> Calls<'a> {
    pub(crate) fn of(live: &'a Live, names: &'a Names) -> Self {
        let mut calls = Self {
            live,
            names,
            callers: HashMap::default(),
            roots: HashSet::default(),
        };
        for (index, image) in live.images.iter().enumerate() {
            let image_index = ImageIndex(index);
            for atom in image.functions.iter() {
                let version = Version {
                    image: image_index,
                    atom,
                };
                if calls.path(version) == START {
                    calls.roots.insert(version);
                }
                for callee in live.callees(version).flatten() {
                    if let Callee::Function(callee) = callee {
                        calls.callers.entry(callee).or_default().push(version);
                    }
                }
            }
        }
        calls.pointers();
        calls
    }

    /// Functions whose address a static of the program begins with.
    fn pointers(&mut self) {
        let program = self.live.program();
        for (index, object) in program.objects.iter().enumerate() {
            for (symbol, section) in &object.file.variables {
                let atom = Atom {
                    object: index as u32,
                    section: *section,
                };
                let symbol = &object.file.symbols[*symbol];
                if self
                    .names
                    .path(symbol.name)
                    .contains(hotpatch_abi::names::ENTRY_PREFIX)
                {
                    continue;
                }
                let begins = Deep::of_part(program, self.names, atom, symbol);
                let pointers = begins.callees.into_iter().flatten();
                self.roots
                    .extend(pointers.map(|atom| Version { image: BASE, atom }));
            }
        }
    }

    /// The author's functions that call the function of an entry and that something runs without the table: they stay
    /// as they are.
    pub(crate) fn staying(&self, entry: Name, is_author: impl Fn(&str) -> bool) -> Vec<Version> {
        let function = self.names.path(entry).rsplit_once("::").map(|(path, _)| path);
        let mut open = self.mentioning(entry);
        let mut seen: HashSet<Version> = open.iter().copied().collect();
        let mut staying = Vec::new();
        while let Some(at) = open.pop() {
            // The function itself leads to its entry; it may be inlined into others. Libraries only hand it on.
            let path = self.path(at);
            if Some(path) == function || !is_author(path) {
                let callers = self.callers.get(&at).into_iter().flatten().copied();
                open.extend(callers.filter(|caller| seen.insert(*caller)));
            } else if self.runs(at) {
                staying.push(at);
            }
        }
        staying
    }

    /// Whether something that runs leads to a function without the table.
    pub(crate) fn runs(&self, function: Version) -> bool {
        let through_table = |version: &Version| hot::is_body(self.path(*version));
        let mut open = vec![function];
        let mut seen: HashSet<Version> = HashSet::default();
        while let Some(at) = open.pop() {
            if through_table(&at) || !seen.insert(at) {
                continue;
            }
            if self.roots.contains(&at) {
                return true;
            }
            open.extend(self.callers.get(&at).into_iter().flatten());
        }
        false
    }

    /// The functions that mention an entry.
    fn mentioning(&self, entry: Name) -> Vec<Version> {
        let mut found = Vec::new();
        for (index, image) in self.live.images.iter().enumerate() {
            for atom in image.functions.iter() {
                if image.mentions(atom, entry) {
                    found.push(Version {
                        image: ImageIndex(index),
                        atom,
                    });
                }
            }
        }
        found
    }

    /// The path of a function.
    pub(crate) fn path(&self, version: Version) -> &'a str {
        self.live.path(version).map_or("", |path| self.names.text(path))
    }
}
