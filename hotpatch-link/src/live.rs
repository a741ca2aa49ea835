//! What runs in the process: the program as built, and every patch image that was committed since.

use std::ops::Range;
use std::sync::Arc;

use hotpatch_abi::manifest::PatchId;
use rustc_hash::FxHashMap as HashMap;

use crate::elf::program::{Definition, DefinitionKind, LinkedImage};
use crate::fingerprint::Fingerprint;
use crate::history::Bodies;
use crate::hot::Types;
use crate::image::{Functions, Image};
use crate::instances::{Id, KnownInstances};
use crate::names::Name;
use crate::program::{Atom, Program};
use crate::states::State;

/// The index of an image among [`Live::images`]; 0 is the program as built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ImageIndex(pub(crate) usize);

/// The program as built.
pub(crate) const BASE: ImageIndex = ImageIndex(0);

/// A function as it lies in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) image: ImageIndex,
    /// The function, in the objects that the image was linked from.
    pub(crate) atom: Atom,
}

/// What a function of an image reaches under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    /// A function of a workspace crate.
    Function(Version),
    /// Something outside the workspace crates, which no edit changes.
    Outside,
}

/// The body that a hot function has in the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiveBody {
    pub(crate) version: Version,
    /// Its own name.
    pub(crate) linkage: Name,
    /// Tells its types from all others.
    pub(crate) types: Option<Types>,
}

/// The images of a process, and which body each hot function has.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) images: Vec<Image>,
    /// The patch that is live; `None` for the program as built.
    pub(crate) head: Option<PatchId>,
    /// The live bodies of the hot functions that were built or published, by the path of their entry.
    pub(crate) table: HashMap<Name, LiveBody>,
    /// What other processes run, if they do not run the same: what is live must be so in all of them.
    pub(crate) others: Vec<Bodies>,
    /// The instances of generic hot functions, and closures.
    pub(crate) instances: KnownInstances,
    /// Where the names of patches lie.
    pub(crate) index: Index,
    /// What is left of the room for new thread-locals, in the program's block of thread-locals.
    pub(crate) reserve: Range<u64>,
    /// The thread-locals that live there.
    pub(crate) reserved: HashMap<Name, Definition>,
}

/// Which patches have a name: a comparison asks for every function and every variable, however many patches there are.
#[derive(Debug, Default)]
pub(crate) struct Index {
    paths: HashMap<Name, Vec<ImageIndex>>,
    symbols: HashMap<Name, Vec<ImageIndex>>,
    states: HashMap<Name, State>,
}

impl Live {
    /// The thread-locals that a patch was linked with live from now on.
    pub(crate) fn keep_reserved(&mut self, reserved: HashMap<Name, Definition>) {
        let end = |definition: &Definition| definition.st_value + definition.size;
        self.reserve.start = reserved.values().map(end).fold(self.reserve.start, u64::max);
        self.reserved.extend(reserved);
    }

    /// A process has committed a patch.
    pub(crate) fn add(&mut self, image: Image) {
        let at = ImageIndex(self.images.len());
        let names = [
            (&image.functions.by_path, &mut self.index.paths),
            (&image.functions.by_symbol, &mut self.index.symbols),
        ];
        for (names, index) in names {
            for name in names.keys() {
                index.entry(*name).or_default().push(at);
            }
        }
        for (name, definition) in states(&image.linked) {
            self.index.states.entry(name).or_insert(State {
                image: at,
                definition,
                name,
            });
        }
        self.images.push(image);
    }

    /// The bodies of a hot function: one, or `None` if it is not known, for each way in which processes run now.
    pub(crate) fn bodies(&self, path: Name) -> impl Iterator<Item = Option<Version>> {
        let others = self.others.iter().map(|bodies| &bodies.functions);
        let tables = std::iter::once(&self.table).chain(others);
        tables.map(move |table| table.get(&path).map(|body| body.version))
    }

    /// The bodies of an instance in the same way.
    pub(crate) fn instance_bodies(&self, id: Id) -> impl Iterator<Item = Version> {
        let known = self.instances.get(id);
        let others = self.others.iter().map(move |bodies| {
            let body = bodies.instances.get(&id).unwrap_or(&known.first);
            body.version
        });
        std::iter::once(known.body.version).chain(others)
    }

    /// The process runs these bodies from now on.
    pub(crate) fn follow(&mut self, head: Option<PatchId>, bodies: Bodies) {
        self.head = head;
        self.instances.restore(&bodies.instances);
        self.table = bodies.functions;
    }

    /// The objects that the program was built from.
    pub(crate) fn program(&self) -> &Arc<Program> {
        let program = self.image(BASE).program();
        program.expect("the first image is the program as built")
    }

    /// The fingerprint of a function.
    pub(crate) fn fingerprint(&self, version: Version) -> Option<Fingerprint> {
        let deep = self.image(version.image).deep(version.atom);
        deep.map(|deep| deep.fingerprint)
    }

    pub(crate) fn image(&self, index: ImageIndex) -> &Image {
        &self.images[index.0]
    }

    /// What a version of a function reaches, in the order of its mentions.
    pub(crate) fn callees(&self, version: Version) -> impl ExactSizeIterator<Item = Option<Callee>> {
        let image = self.image(version.image);
        let callees = image
            .deep(version.atom)
            .map_or(&[][..], |deep| &deep.callees)
            .iter();
        callees.map(move |callee| image.callee(version.image, *callee))
    }

    /// All versions of the functions of a path.
    pub(crate) fn versions(&self, path: Name) -> impl Iterator<Item = Version> {
        let patches = self.index.paths.get(&path);
        let images = std::iter::once(BASE).chain(patches.into_iter().flatten().copied());
        self.find(images, move |functions| functions.by_path.get(&path))
    }

    /// All versions of the functions of a symbol, without those of the first images.
    pub(crate) fn versions_of_symbol(&self, linkage: Name, skipped: usize) -> impl Iterator<Item = Version> {
        let patches = self.index.symbols.get(&linkage);
        let images = std::iter::once(BASE).chain(patches.into_iter().flatten().copied());
        let images = images.filter(move |image| image.0 >= skipped);
        self.find(images, move |functions| functions.by_symbol.get(&linkage))
    }

    fn find<'a>(
        &'a self,
        images: impl Iterator<Item = ImageIndex>,
        find: impl Fn(&'a Functions) -> Option<&'a Vec<Atom>>,
    ) -> impl Iterator<Item = Version> {
        images.flat_map(move |image| {
            let atoms = find(&self.image(image).functions).map_or(&[][..], Vec::as_slice);
            atoms.iter().map(move |atom| Version { image, atom: *atom })
        })
    }

    /// The path of a function.
    pub(crate) fn path(&self, version: Version) -> Option<Name> {
        let id = self.image(version.image).id(version.atom);
        id.map(|id| id.path)
    }

    pub(crate) fn offset(&self, version: Version) -> Option<u64> {
        self.image(version.image).offset(version.atom)
    }

    /// The variable or thread-local of a name, wherever it lives.
    pub(crate) fn state(&self, name: Name) -> Option<State> {
        if let Some(definition) = self.reserved.get(&name).copied() {
            return Some(State {
                image: BASE,
                definition,
                name,
            });
        }
        let built = self.image(BASE).linked.unique(name);
        let built = built
            .filter(|definition| is_state(definition.kind))
            .map(|definition| State {
                image: BASE,
                definition,
                name,
            });
        built.or_else(|| self.index.states.get(&name).copied())
    }

    /// All variables and thread-locals that have a name of their own.
    pub(crate) fn states(&self) -> impl Iterator<Item = State> {
        let built = states(&self.image(BASE).linked).map(|(name, definition)| State {
            image: BASE,
            definition,
            name,
        });
        built.chain(self.index.states.values().copied())
    }
}

/// The variables and thread-locals of an image that have a name of their own.
fn states(linked: &LinkedImage) -> impl Iterator<Item = (Name, Definition)> {
    let symbols = linked.symbols.iter();
    symbols.filter_map(|(name, definitions)| match definitions[..] {
        [definition] if is_state(definition.kind) => Some((*name, definition)),
        _ => None,
    })
}

fn is_state(kind: DefinitionKind) -> bool {
    matches!(kind, DefinitionKind::Variable | DefinitionKind::ThreadLocal)
}
