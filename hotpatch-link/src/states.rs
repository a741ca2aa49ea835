//! Which statics and thread-locals of the new objects the process already has, and where.
//!
//! A static is known by its symbol name. Where that is gone, by its path: the hash or the disambiguator in a symbol
//! name changes when an `impl` is inserted above it, and under legacy mangling when its type changes. A path pairs only
//! what is left over on both sides, if there is one of each, or if their sizes tell them apart (`thread_local!` makes
//! several of one path); everything else is not clear.

use std::fmt;
use std::ops::Range;

use object::elf;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::elf::program::{Definition, DefinitionKind};
use crate::live::{BASE, ImageIndex, Live};
use crate::names::{Name, Names};
use crate::object_file::{Section, Symbol};
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

/// Why the threads of the process have no room for a new thread-local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// It does not begin as zeros.
    Value,
    /// It needs this alignment.
    Alignment(u64),
    /// So many bytes are needed, and so many are left.
    Size(u64, u64),
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => {
                f.write_str("it does not begin as zeros, and the room that threads have for new ones does")
            }
            Self::Alignment(align) => write!(
                f,
                "it needs an alignment of {align} bytes, and the room that threads have for new ones has {RESERVE_ALIGN}"
            ),
            Self::Size(needed, left) => write!(
                f,
                "it needs {needed} bytes, and {left} are left of the room that threads have for new ones"
            ),
        }
    }
}

/// The statics and thread-locals of a program that the process has.
#[derive(Debug, Default)]
pub(crate) struct States {
    by_name: HashMap<Name, State>,
    /// What may stand for one of several, with the names that these have in the process.
    unclear: HashMap<Name, Vec<Name>>,
    /// What is left of the reserve.
    room: Range<u64>,
    /// New thread-locals that were given room there.
    pub(crate) reserved: HashMap<Name, Definition>,
}

impl States {
    pub(crate) fn of(program: &Program, live: &Live, names: &Names) -> Self {
        let mut states = Self {
            room: live.reserve.clone(),
            ..Self::default()
        };
        let mut new: HashMap<Name, Vec<Leftover>> = HashMap::default();
        let mut defined = HashSet::default();
        for symbol in variables(program) {
            let id = symbol.id;
            defined.insert(id.linkage);
            match live.state(id.linkage) {
                Some(state) => {
                    states.by_name.insert(id.linkage, state);
                }
                None => new.entry(id.path).or_default().push(Leftover {
                    linkage: id.linkage,
                    size: symbol.size,
                }),
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
            if let Some(old) = old.get(&path) {
                states.pair(&new, old);
            }
        }
        states
    }

    /// Pairs what is left over of one path: one on each side, or as many on both, no two of one size.
    fn pair(&mut self, new: &[Leftover], old: &[State]) {
        if let ([new], [old]) = (new, old) {
            self.by_name.insert(new.linkage, *old);
            return;
        }
        for one in new {
            let alike = new.iter().filter(|other| other.size == one.size).count();
            let mut same = old.iter().filter(|state| state.definition.size == one.size);
            match (same.next(), same.next()) {
                (Some(state), None) if alike == 1 && new.len() == old.len() => {
                    self.by_name.insert(one.linkage, *state);
                }
                _ => {
                    let olds = old.iter().map(|state| state.name).collect();
                    self.unclear.insert(one.linkage, olds);
                }
            }
        }
    }

    /// Gives room to a new thread-local.
    pub(crate) fn reserve(&mut self, linkage: Name, section: &Section) -> Result<(), NoRoom> {
        if section.sh_type != elf::SHT_NOBITS {
            return Err(NoRoom::Value);
        }
        if section.align > RESERVE_ALIGN {
            return Err(NoRoom::Alignment(section.align));
        }
        let start = self.room.start.next_multiple_of(section.align);
        let left = self.room.end.saturating_sub(start);
        if section.size > left {
            return Err(NoRoom::Size(section.size, left));
        }
        self.room.start = start + section.size;
        let definition = Definition {
            st_value: start,
            size: section.size,
            kind: DefinitionKind::ThreadLocal,
        };
        self.reserved.insert(linkage, definition);
        self.by_name.insert(
            linkage,
            State {
                image: BASE,
                definition,
                name: linkage,
            },
        );
        Ok(())
    }

    /// The state of the process that a name of the new objects stands for.
    pub(crate) fn get(&self, linkage: Name) -> Option<State> {
        self.by_name.get(&linkage).copied()
    }

    /// The names of the states of the process that it may stand for, if which one is open.
    pub(crate) fn candidates(&self, linkage: Name) -> &[Name] {
        self.unclear.get(&linkage).map_or(&[], Vec::as_slice)
    }
}

/// A variable that the process has under no symbol.
#[derive(Clone, Copy, Debug)]
struct Leftover {
    linkage: Name,
    size: u64,
}

fn variables(program: &Program) -> impl Iterator<Item = &Symbol> {
    program.objects.iter().flat_map(|object| {
        let variables = object.file.variables.iter();
        variables.map(|(index, _)| &object.file.symbols[*index])
    })
}
