//! What goes into a patch: the bodies to publish, and everything they reach that the process does not have.

use std::collections::{BTreeMap, BTreeSet};

use hotpatch_abi::code;
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap as HashMap};

use crate::constructors;
use crate::elf::x86_64;
use crate::hot::{self, HotFunction};
use crate::initial::written_path;
use crate::instances::{Adopted, Instance};
use crate::live::{BASE, Live, Version};
use crate::names::{Identifier, Name, Names};
use crate::object_file::{Relocation, Role, Symbol};
use crate::program::{Atom, Program};
use crate::reach;
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

/// An instance of a generic hot function, or a closure, to publish.
#[derive(Clone, Debug)]
pub(crate) struct InstancePublication {
    /// The bodies as built, by which the process knows it.
    pub(crate) built: Vec<Version>,
    /// The body in the new objects.
    pub(crate) source: hot::Body,
    pub(crate) body: Body,
    pub(crate) path: String,
    /// The instance in the new objects.
    pub(crate) instance: Instance,
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
    /// The instances to publish, by their number in the process.
    pub(crate) instances: BTreeMap<usize, InstancePublication>,
    /// Bodies of instances that the process has, with the body as built: who mentions one asks for the live one with it.
    pub(crate) asked: HashMap<Atom, Version>,
    /// The instances that come with this patch: their indices among those of the new objects.
    pub(crate) new_instances: BTreeSet<usize>,
    /// The statics and thread-locals of the process that the new image uses.
    pub(crate) used: HashMap<Name, Atom>,
}

impl Selection {
    /// Full paths of the functions to publish.
    pub(crate) fn paths(&self) -> Vec<String> {
        let functions = self.published.values().map(|function| &function.path);
        let instances = self.instances.values().map(|instance| &instance.path);
        let mut paths: Vec<_> = functions.chain(instances).cloned().collect();
        paths.sort();
        paths
    }

    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.published.is_empty() && self.instances.is_empty()
    }

    /// The bodies that it publishes.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = Body> {
        let functions = self.published.values().map(|function| function.body);
        functions.chain(self.instances.values().map(|instance| instance.body))
    }
}

/// The new objects, and how they compare with what is live.
#[derive(Clone, Copy)]
pub(crate) struct Compared<'a> {
    pub(crate) program: &'a Program,
    pub(crate) live: &'a Live,
    pub(crate) unchanged: &'a Unchanged,
    pub(crate) hot: &'a [HotFunction],
    pub(crate) adopted: &'a Adopted,
    pub(crate) names: &'a Names,
}

/// Selects the content of a patch: the hot functions that are not live as they are now, and those `again` that may
/// be. Nothing is published if there are none.
pub(crate) fn select(
    compared: Compared<'_>,
    states: &mut States,
    again: &reach::Hot,
) -> Result<Selection, Error> {
    let Compared {
        program, hot, names, ..
    } = compared;
    let mut selector = Selector {
        compared,
        states,
        selection: Selection::default(),
        instances: compared.adopted.by_body(),
    };
    for function in hot {
        let is_known = selector.states.get(function.entry.linkage).is_some();
        let is_again = || again.functions.contains(&function.entry);
        if is_known && (!selector.is_live(function) || is_again()) {
            selector.publish(function)?;
        }
    }
    selector.publish_instances(again)?;
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
    /// The instances of the new objects, by their bodies.
    instances: HashMap<Atom, usize>,
}

/// Whether a reference to the body of an instance asks for the live one with the address of the body as built: not
/// from inside the body, nor from a table of its jumps.
pub(crate) fn is_question(program: &Program, from: Atom, relocation: &Relocation, body: Atom) -> bool {
    let symbol = &program.object(from).file.symbols[relocation.symbol];
    let is_address = || {
        x86_64::kind(relocation.r_type) == Some(x86_64::Kind::Address)
            && symbol.value.checked_add_signed(relocation.addend) == Some(0)
    };
    from != body && (program.section(from).role == Role::Code || is_address())
}

/// The refusal of an instance that a compiler without a way to forbid it has made one with another.
fn merged(path: &str) -> Error {
    let message = format!("`{path}` and another instance or closure are one function in the process");
    Error::new(code::GENERIC, message)
        .about(Subject::of_function(path))
        .note("the compiler merged them, because they had the same code; Rust 1.95 and later keep them apart")
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
        let is_live = |new: &hot::Body| {
            // One of several instances.
            let built = || {
                let path = program.id(new.atom)?.path;
                live.versions(path).find(|version| version.image == BASE)
            };
            live.bodies(function.entry.path).all(|body| {
                let live = body.or_else(built);
                live.is_some_and(|version| unchanged.is_current(new.atom, version))
            })
        };
        function.bodies.iter().all(is_live)
    }

    /// Publishes the instances that the process runs otherwise than they are now.
    fn publish_instances(&mut self, again: &reach::Hot) -> Result<(), Error> {
        let Compared {
            live,
            unchanged,
            adopted,
            ..
        } = self.compared;
        for (index, instance) in adopted.instances.iter().enumerate() {
            let Some(id) = adopted.known(index) else { continue };
            let known = live.instances.get(id);
            let source = instance.bodies[0];
            let is_live = live
                .instance_bodies(id)
                .all(|version| unchanged.is_current(source.atom, version));
            if is_live && !again.instances.contains(&index) {
                continue;
            }
            if live.instances.is_shared(id) {
                return Err(merged(&instance.path));
            }
            let publication = InstancePublication {
                built: known.built.clone(),
                source,
                body: self.body(source),
                path: instance.path.clone(),
                instance: instance.clone(),
            };
            self.selection.instances.insert(id, publication);
        }
        Ok(())
    }

    /// Where the body comes from: from the process if it has it, else from the patch.
    fn body(&mut self, source: hot::Body) -> Body {
        let Compared { unchanged, live, .. } = self.compared;
        match unchanged.addressable(source.atom, live) {
            Some(version) => Body::Loaded(version),
            None => {
                self.include(source.atom);
                Body::New(source.atom)
            }
        }
    }

    fn publish(&mut self, function: &HotFunction) -> Result<(), Error> {
        let source = function.body()?;
        let body = self.body(source);
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
                Some((target, _)) => match self.instances.get(&target) {
                    Some(instance) if is_question(program, atom, relocation, target) => {
                        self.ask(target, *instance)?;
                    }
                    _ => self.reach(target)?,
                },
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

    /// New code asks for the live body of an instance with the one as built, or brings the instance along.
    fn ask(&mut self, body: Atom, instance: usize) -> Result<(), Error> {
        let Compared { live, adopted, .. } = self.compared;
        let Some(id) = adopted.known(instance) else {
            self.selection.new_instances.insert(instance);
            self.include(body);
            return Ok(());
        };
        let mut built = live.instances.get(id).built.iter().copied();
        let built = built.find(|version| live.offset(*version).is_some());
        let path = &adopted.instances[instance].path;
        let built = built.ok_or_else(|| {
            Error::new(
                code::GENERIC,
                format!("where `{path}` lies in the process is not clear"),
            )
            .about(Subject::of_function(path))
        })?;
        self.selection.asked.insert(body, built);
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
