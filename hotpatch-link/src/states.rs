//! Which statics and thread-locals of the new objects the process already has, and where.
//!
//! A static is known by its symbol name. Where that is gone, by its path: the hash or the disambiguator in a symbol
//! name changes when an `impl` is inserted above it, and under legacy mangling when its type changes. A path pairs only
//! what is left over on both sides, and only if there is one of each; everything else is not clear.

use object::elf;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::elf::program::{Definition, DefinitionKind};
use crate::live::{BASE, ImageIndex, Live};
use crate::names::{Identifier, Name, Names};
use crate::object_file::{Role, Section, SymbolPlace};
use crate::program::Program;

/// A place of state in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) image: ImageIndex,
    pub(crate) definition: Definition,
    /// The name under which the process has it.
    pub(crate) name: Name,
}

/// The reserve is an array of 64-bit words.
const RESERVE_ALIGN: u64 = 8;

/// The statics and thread-locals of a program that the process has.
#[derive(Debug, Default)]
pub(crate) struct States {
    by_name: HashMap<Name, State>,
    unclear: HashSet<Name>,
    /// New thread-locals that were given room in the reserve.
    pub(crate) reserved: HashMap<Name, Definition>,
}

impl States {
    pub(crate) fn of(program: &Program, live: &Live, names: &Names) -> Self {
        let mut states = Self::default();
        let mut new: HashMap<Name, Vec<Name>> = HashMap::default();
        let mut defined = HashSet::default();
        let mut zeroed = HashMap::default();
        for (id, section) in variables(program) {
            defined.insert(id.linkage);
            match live.state(id.linkage) {
                Some(state) => {
                    states.by_name.insert(id.linkage, state);
                }
                None => {
                    new.entry(id.path).or_default().push(id.linkage);
                    if section.role == Role::ThreadLocal && section.sh_type == elf::SHT_NOBITS {
                        zeroed.insert(id.linkage, section);
                    }
                }
            }
        }
        if new.is_empty() {
            return states;
        }
        let mut old: HashMap<Name, Vec<State>> = HashMap::default();
        for state in live.states() {
            let path = names.id(state.name).path;
            if new.contains_key(&path) && !defined.contains(&state.name) {
                old.entry(path).or_default().push(state);
            }
        }
        for (path, new) in new {
            match (&new[..], old.get(&path).map(Vec::as_slice)) {
                (_, None) => {}
                ([new], Some([old])) => {
                    states.by_name.insert(*new, *old);
                }
                (several, Some(_)) => states.unclear.extend(several),
            }
        }
        states.reserve(live, zeroed);
        states
    }

    /// Gives room to thread-locals that are new and begin as zeros. The others have none.
    fn reserve(&mut self, live: &Live, zeroed: HashMap<Name, &Section>) {
        let mut zeroed: Vec<_> = zeroed
            .into_iter()
            .filter(|(name, _)| !self.by_name.contains_key(name))
            .collect();
        zeroed.sort_by_key(|(name, _)| *name);
        let mut room = live.reserve.clone();
        for (name, section) in zeroed
            .into_iter()
            .filter(|(name, _)| !self.unclear.contains(name))
        {
            let start = room.start.next_multiple_of(section.align);
            let end = start + section.size;
            if section.align > RESERVE_ALIGN || end > room.end {
                continue;
            }
            room.start = end;
            let definition = Definition {
                st_value: start,
                size: section.size,
                kind: DefinitionKind::ThreadLocal,
            };
            self.reserved.insert(name, definition);
            self.by_name.insert(
                name,
                State {
                    image: BASE,
                    definition,
                    name,
                },
            );
        }
    }

    /// The state of the process that a name of the new objects stands for.
    pub(crate) fn get(&self, linkage: Name) -> Option<State> {
        self.by_name.get(&linkage).copied()
    }

    /// Whether the process may have it, but which one is open.
    pub(crate) fn is_unclear(&self, linkage: Name) -> bool {
        self.unclear.contains(&linkage)
    }
}

fn variables(program: &Program) -> impl Iterator<Item = (Identifier, &Section)> {
    program.objects.iter().flat_map(|object| {
        let symbols = object
            .file
            .defined
            .values()
            .map(|index| &object.file.symbols[*index]);
        symbols.filter_map(|symbol| {
            let SymbolPlace::Section(section) = symbol.place else {
                return None;
            };
            let section = object.file.section(section);
            matches!(section.role, Role::Variable | Role::ThreadLocal).then_some((symbol.id, section))
        })
    })
}
