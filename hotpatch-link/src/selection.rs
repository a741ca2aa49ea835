//! What goes into a patch: the bodies to publish, and everything they reach that the process does not have.

use std::collections::BTreeMap;

use hotpatch_abi::code;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap as HashMap};

use crate::constructors;
use crate::hot::{self, HotFunction};
use crate::initial::written_path;
use crate::live::{BASE, Live, Version};
use crate::names::{Identifier, Name, Names};
use crate::object_file::{Role, Symbol};
use crate::program::{Atom, Program};
use crate::states::{NoRoom, States};
use crate::unchanged::Unchanged;
use crate::{Error, Subject};

/// What the linker calls the ends of a section.
const BOUNDS: [&str; 2] = ["__start_", "__stop_"];

/// Where the body of a published function lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// In an image that the process already has: the edit was reverted.
    Loaded(Version),
    /// In the new image.
    New(Atom),
}

impl Body {
    /// The body, if it is in the new image.
    pub(crate) fn atom(self) -> Option<Atom> {
        match self {
            Self::New(body) => Some(body),
            Self::Loaded(_) => None,
        }
    }
}

/// A hot function to publish.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    pub(crate) entry: Identifier,
    /// The body in the new objects.
    pub(crate) source: hot::Body,
    /// Tells its types from all others.
    pub(crate) types: Option<hot::Types>,
    pub(crate) body: Body,
    pub(crate) path: String,
}

/// The content of a patch.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Sections of the new image, in the order in which they were reached.
    pub(crate) included: IndexSet<Atom, FxBuildHasher>,
    /// Functions of other images that the new one calls.
    pub(crate) bound: HashMap<Atom, Version>,
    /// The functions to publish, by entry.
    pub(crate) published: BTreeMap<Name, Publication>,
    /// The statics and thread-locals of the process that the new image uses.
    pub(crate) used: HashMap<Name, Atom>,
}

impl Selection {
    /// Full paths of the functions to publish.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths: Vec<_> = self
            .published
            .values()
            .map(|function| function.path.clone())
            .collect();
        paths.sort();
        paths
    }
}

/// The new objects, and how they compare with what is live.
#[derive(Clone, Copy)]
pub(crate) struct Compared<'a> {
    pub(crate) program: &'a Program,
    pub(crate) live: &'a Live,
    pub(crate) unchanged: &'a Unchanged,
    pub(crate) hot: &'a [HotFunction],
    pub(crate) names: &'a Names,
}

/// Selects the content of a patch: the hot functions that are not live as they are now, and those `again` that may
/// be. Nothing is published if there are none.
pub(crate) fn select(
    compared: Compared<'_>,
    states: &mut States,
    again: &[&HotFunction],
) -> Result<Selection, Error> {
    let Compared {
        program, hot, names, ..
    } = compared;
    let mut selector = Selector {
        compared,
        states,
        selection: Selection::default(),
    };
    for function in hot {
        let is_known = selector.states.get(function.entry.linkage).is_some();
        let is_again = || again.iter().any(|known| known.entry == function.entry);
        if is_known && (!selector.is_live(function) || is_again()) {
            selector.publish(function)?;
        }
    }
    let by_entry: HashMap<_, _> = hot.iter().map(|function| (function.entry, function)).collect();
    let mut next = 0;
    while let Some(atom) = selector.selection.included.get_index(next).copied() {
        next += 1;
        selector.follow(atom)?;
        let title = program.title(atom).map(|title| names.id(title));
        if let Some(function) = title.and_then(|title| by_entry.get(&title)) {
            selector.publish(function)?;
        }
    }
    Ok(selector.selection)
}

struct Selector<'a, 's> {
    compared: Compared<'a>,
    states: &'s mut States,
    selection: Selection,
}

impl Selector<'_, '_> {
    /// Whether the body that the process runs is a current version of the new one.
    fn is_live(&self, function: &HotFunction) -> bool {
        let Compared {
            program,
            live,
            unchanged,
            ..
        } = self.compared;
        let body = live.table.get(&function.entry.path).map(|body| body.version);
        let is_live = |new: &hot::Body| {
            // One of several instances.
            let built = || {
                let path = program.id(new.atom)?.path;
                live.versions(path).find(|version| version.image == BASE)
            };
            let live = body.or_else(built);
            live.is_some_and(|version| unchanged.is_current(new.atom, version))
        };
        function.bodies.iter().all(is_live)
    }

    fn publish(&mut self, function: &HotFunction) -> Result<(), Error> {
        let source = function.body()?;
        let current = self
            .compared
            .unchanged
            .addressable(source.atom, self.compared.live);
        let body = match current {
            Some(version) => Body::Loaded(version),
            None => {
                self.include(source.atom);
                Body::New(source.atom)
            }
        };
        let publication = Publication {
            entry: function.entry,
            source,
            types: function.types,
            body,
            path: function.path.clone(),
        };
        self.selection.published.insert(function.entry.path, publication);
        Ok(())
    }

    fn include(&mut self, atom: Atom) {
        self.selection.included.insert(atom);
    }

    fn follow(&mut self, atom: Atom) -> Result<(), Error> {
        let Compared { program, .. } = self.compared;
        let object = program.object(atom);
        for relocation in &object.file.section(atom.section).relocations {
            match program.target(atom, relocation) {
                Some((target, _)) => self.reach(target)?,
                None => self.reach_outside(&object.file.symbols[relocation.symbol])?,
            }
        }
        if let Some(section) = object.identities.exception_table(atom.section) {
            self.include(Atom { section, ..atom });
            for section in object.file.personalities() {
                self.include(Atom { section, ..atom });
            }
        }
        Ok(())
    }

    /// Only the linker of the program can say where what it puts together begins and ends.
    fn reach_outside(&self, symbol: &Symbol) -> Result<(), Error> {
        let Compared { live, names, .. } = self.compared;
        let name = names.text(symbol.name);
        let bounded = BOUNDS.iter().find_map(|bound| name.strip_prefix(bound));
        let is_known = || live.image(BASE).linked.symbols.contains_key(&symbol.id.linkage);
        let Some(section) = bounded.filter(|_| !is_known()) else {
            return Ok(());
        };
        let what = match constructors::slice(section) {
            Some(slice) => format!("distributed slice `{slice}`"),
            None => format!("section `{section}`"),
        };
        Err(Error::new(code::START, format!("the edit adds the {what}"))
            .note("the linker puts it together when the program is built: the process does not have it"))
    }

    fn reach(&mut self, target: Atom) -> Result<(), Error> {
        match self.compared.program.section(target).role {
            Role::Code => match self.compared.unchanged.addressable(target, self.compared.live) {
                Some(version) => {
                    self.selection.bound.insert(target, version);
                }
                None => self.include(target),
            },
            Role::Constant => self.include(target),
            Role::Variable | Role::ThreadLocal => self.reach_state(target)?,
            Role::Unwind | Role::Debug | Role::Other => {}
        }
        Ok(())
    }

    fn reach_state(&mut self, target: Atom) -> Result<(), Error> {
        let file = &self.compared.program.object(target).file;
        let section = file.section(target.section);
        let mut known = 0;
        for symbol in section.definitions.iter().map(|index| &file.symbols[*index]) {
            let Some(state) = self.states.get(symbol.id.linkage) else {
                if !self.states.candidates(symbol.id.linkage).is_empty() {
                    return Err(self.ambiguous(symbol));
                }
                continue;
            };
            known += 1;
            if symbol.size != state.definition.size {
                return Err(self.resized(symbol, state.definition.size));
            }
            self.selection.used.insert(symbol.id.linkage, target);
        }
        if known == section.definitions.len() && known > 0 {
            return Ok(());
        }
        if known > 0 {
            let message = format!("the statics of section `{}` changed", section.name);
            return Err(Error::new(code::STATIC_LAYOUT, message).note(
                "statics that share a section of their own can only be added or removed by a restart",
            ));
        }
        if section.role == Role::ThreadLocal {
            return self.reserve(target);
        }
        self.include(target);
        Ok(())
    }

    fn reserve(&mut self, target: Atom) -> Result<(), Error> {
        let file = &self.compared.program.object(target).file;
        let section = file.section(target.section);
        let name = |symbol: &Symbol| written_path(self.compared.names.path(symbol.name));
        let (title, given) = match section.definitions[..] {
            [index] => {
                let symbol = &file.symbols[index];
                (name(symbol), self.states.reserve(symbol.id.linkage, section))
            }
            _ => (section.name.clone(), Err(NoRoom::Value)),
        };
        given.map_err(|reason| {
            let message = format!("the edit adds thread-local `{title}`");
            Error::new(code::NEW_THREAD_LOCAL, message)
                .about(Subject::of_static(&title))
                .note(reason.to_string())
        })
    }

    fn ambiguous(&self, symbol: &Symbol) -> Error {
        let name = written_path(self.compared.names.path(symbol.name));
        let message = format!("there are several statics `{name}`, and their symbols changed");
        Error::new(code::STATIC_LAYOUT, message)
            .about(Subject::of_static(&name))
            .note("which of them has which value in the process cannot be told")
    }

    fn resized(&self, symbol: &Symbol, was: u64) -> Error {
        let (name, is) = (written_path(self.compared.names.path(symbol.name)), symbol.size);
        let message = format!("the size of static `{name}` changed");
        Error::new(code::STATIC_LAYOUT, message)
            .about(Subject::of_static(&name))
            .label_as(format!(
                "it is {was} bytes in the process, {is} bytes in the new code"
            ))
    }
}
