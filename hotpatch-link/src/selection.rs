//! What goes into a patch: the bodies to publish, and everything they reach that the process does not have.

use std::collections::BTreeMap;

use hotpatch_abi::code;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap as HashMap};

use crate::hot::HotFunction;
use crate::live::{Live, Version};
use crate::names::{Identifier, Name, Names};
use crate::object_file::{Relocation, Role, SymbolPlace};
use crate::program::{Atom, Program};
use crate::states::States;
use crate::unchanged::Unchanged;
use crate::{Error, Subject};

/// Where the body of a published function lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// In an image that the process already has: the edit was reverted.
    Loaded(Version),
    /// In the new image.
    New(Atom),
}

/// A hot function to publish.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    pub(crate) entry: Identifier,
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
}

/// Selects the content of a patch. Nothing is published if no hot function is affected.
pub(crate) fn select(
    program: &Program,
    live: &Live,
    unchanged: &Unchanged,
    states: &States,
    hot: &[HotFunction],
    names: &Names,
) -> Result<Selection, Error> {
    let mut selector = Selector {
        program,
        live,
        unchanged,
        states,
        names,
        selection: Selection::default(),
    };
    for function in hot {
        if states.get(function.entry.linkage).is_some() && !selector.is_live(function) {
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

struct Selector<'a> {
    program: &'a Program,
    live: &'a Live,
    unchanged: &'a Unchanged,
    states: &'a States,
    names: &'a Names,
    selection: Selection,
}

impl Selector<'_> {
    /// Whether the body that the process runs is a current version of the new one.
    fn is_live(&self, function: &HotFunction) -> bool {
        let is_live = |body| {
            let path = self.program.id(body).map(|id| id.path);
            let live = path.and_then(|path| self.live.body(function.entry.path, path));
            live.is_some_and(|version| self.unchanged.is_current(body, version))
        };
        function.bodies.iter().copied().all(is_live)
    }

    fn publish(&mut self, function: &HotFunction) -> Result<(), Error> {
        let body = function.body()?;
        let body = match self.unchanged.addressable(body, self.live) {
            Some(version) => Body::Loaded(version),
            None => {
                self.include(body);
                Body::New(body)
            }
        };
        let publication = Publication {
            entry: function.entry,
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
        let object = self.program.object(atom);
        for relocation in &object.file.section(atom.section).relocations {
            if let Some(target) = self.target(atom, relocation) {
                self.reach(target)?;
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

    fn target(&self, atom: Atom, relocation: &Relocation) -> Option<Atom> {
        let symbol = &self.program.object(atom).file.symbols[relocation.symbol];
        match symbol.place {
            SymbolPlace::Section(section) => Some(Atom { section, ..atom }),
            SymbolPlace::Undefined => self.program.resolve(atom.object, symbol.name),
            SymbolPlace::Absolute => None,
        }
    }

    fn reach(&mut self, target: Atom) -> Result<(), Error> {
        match self.program.section(target).role {
            Role::Code => match self.unchanged.addressable(target, self.live) {
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
        let file = &self.program.object(target).file;
        let section = file.section(target.section);
        let mut known = 0;
        for symbol in section.definitions.iter().map(|index| &file.symbols[*index]) {
            let Some(state) = self.states.get(symbol.id.linkage) else {
                if self.states.is_unclear(symbol.id.linkage) {
                    let name = self.names.path(symbol.name);
                    let message = format!("there are several statics `{name}`, and their symbols changed");
                    return Err(Error::new(code::STATIC_LAYOUT, message)
                        .about(Subject::of_static(name))
                        .note("which of them has which value in the process cannot be told"));
                }
                continue;
            };
            let definition = state.definition;
            known += 1;
            if symbol.size != definition.size {
                let (name, was, is) = (self.names.path(symbol.name), definition.size, symbol.size);
                let message = format!("the size of static `{name}` changed");
                return Err(Error::new(code::STATIC_LAYOUT, message)
                    .about(Subject::of_static(name))
                    .label_as(format!(
                        "it is {was} bytes in the process, {is} bytes in the new code"
                    )));
            }
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
            let name = file
                .title(target.section)
                .map(|title| self.names.path(title.name))
                .unwrap_or_default();
            let message = format!("the edit adds thread-local `{name}`");
            return Err(Error::new(code::NEW_THREAD_LOCAL, message)
                .about(Subject::of_static(name))
                .note("the block of thread-locals of the running process has no room for it"));
        }
        self.include(target);
        Ok(())
    }
}
