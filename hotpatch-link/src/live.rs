//! What runs in the process: the program as built, and every patch image that was committed since.

use std::ops::Range;
use std::sync::Arc;

use hotpatch_abi::manifest::PatchId;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::elf::program::{Definition, DefinitionKind, LinkedImage};
use crate::hot::Types;
use crate::instances::KnownInstances;
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

/// The functions that lie in an image.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    by_path: HashMap<Name, Vec<Atom>>,
    by_symbol: HashMap<Name, Vec<Atom>>,
    all: HashSet<Atom>,
}

impl Functions {
    pub(crate) fn of(program: &Program, atoms: impl IntoIterator<Item = Atom>) -> Self {
        let mut functions = Self::default();
        for atom in atoms {
            for id in program.ids(atom) {
                functions.by_path.entry(id.path).or_default().push(atom);
                functions.by_symbol.entry(id.linkage).or_default().push(atom);
            }
            functions.all.insert(atom);
        }
        functions
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Atom> {
        self.all.iter().copied()
    }
}

/// One image.
#[derive(Debug)]
pub(crate) struct Image {
    /// The patch; `None` for the program as built.
    pub(crate) patch: Option<PatchId>,
    /// The objects that the image was linked from.
    pub(crate) program: Arc<Program>,
    pub(crate) linked: LinkedImage,
    pub(crate) functions: Functions,
    /// The functions of other images that this one was bound to. Empty for the program as built.
    pub(crate) bound: HashMap<Atom, Version>,
}

impl Image {
    /// Where a function lies, unless several have its name.
    pub(crate) fn offset(&self, atom: Atom) -> Option<u64> {
        let id = self.program.id(atom)?;
        if self.functions.by_symbol.get(&id.linkage)?.len() != 1 {
            return None;
        }
        let definition = self.linked.unique(id.linkage)?;
        (definition.kind == DefinitionKind::Code).then_some(definition.st_value)
    }

    fn callee(&self, index: ImageIndex, callee: Option<Atom>) -> Option<Callee> {
        let Some(atom) = callee else {
            return Some(Callee::Outside);
        };
        // The program as built has all functions of its objects.
        let is_built = self.patch.is_none() && self.program.id(atom).is_some();
        if is_built || self.functions.all.contains(&atom) {
            return Some(Callee::Function(Version { image: index, atom }));
        }
        self.bound.get(&atom).copied().map(Callee::Function)
    }
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
    /// The live bodies of the hot functions that were built or published, by the path of their entry.
    pub(crate) table: HashMap<Name, LiveBody>,
    /// The instances of generic hot functions, and closures.
    pub(crate) instances: KnownInstances,
    /// What is left of the room for new thread-locals, in the program's block of thread-locals.
    pub(crate) reserve: Range<u64>,
    /// The thread-locals that live there.
    pub(crate) reserved: HashMap<Name, Definition>,
}

impl Live {
    /// The thread-locals that a patch was linked with live from now on.
    pub(crate) fn keep_reserved(&mut self, reserved: HashMap<Name, Definition>) {
        let end = |definition: &Definition| definition.st_value + definition.size;
        self.reserve.start = reserved.values().map(end).fold(self.reserve.start, u64::max);
        self.reserved.extend(reserved);
    }

    pub(crate) fn image(&self, index: ImageIndex) -> &Image {
        &self.images[index.0]
    }

    /// What a version of a function reaches, in the order of its mentions.
    pub(crate) fn callees(&self, version: Version) -> impl ExactSizeIterator<Item = Option<Callee>> {
        let image = self.image(version.image);
        let callees = image.program.deep(version.atom).callees.iter();
        callees.map(move |callee| image.callee(version.image, *callee))
    }

    /// All versions of the functions of a path.
    pub(crate) fn versions(&self, path: Name) -> impl Iterator<Item = Version> {
        self.find(0, move |functions| functions.by_path.get(&path))
    }

    /// All versions of the functions of a symbol, without those of the first images.
    pub(crate) fn versions_of_symbol(&self, linkage: Name, skipped: usize) -> impl Iterator<Item = Version> {
        self.find(skipped, move |functions| functions.by_symbol.get(&linkage))
    }

    fn find<'a>(
        &'a self,
        skipped: usize,
        find: impl Fn(&'a Functions) -> Option<&'a Vec<Atom>>,
    ) -> impl Iterator<Item = Version> {
        let images = self.images.iter().enumerate().skip(skipped);
        images.flat_map(move |(index, image)| {
            let atoms = find(&image.functions).map_or(&[][..], Vec::as_slice);
            atoms.iter().map(move |atom| Version {
                image: ImageIndex(index),
                atom: *atom,
            })
        })
    }

    /// The path of a function.
    pub(crate) fn path(&self, version: Version) -> Option<Name> {
        let id = self.image(version.image).program.id(version.atom);
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
        self.images.iter().enumerate().find_map(|(index, image)| {
            let definition = image.linked.unique(name)?;
            is_state(definition.kind).then_some(State {
                image: ImageIndex(index),
                definition,
                name,
            })
        })
    }

    /// All variables and thread-locals that have a name of their own.
    pub(crate) fn states(&self) -> impl Iterator<Item = State> {
        self.images.iter().enumerate().flat_map(|(index, image)| {
            let states =
                image
                    .linked
                    .symbols
                    .iter()
                    .filter_map(|(name, definitions)| match definitions[..] {
                        [definition] if is_state(definition.kind) => Some((*name, definition)),
                        _ => None,
                    });
            states.map(move |(name, definition)| State {
                image: ImageIndex(index),
                definition,
                name,
            })
        })
    }
}

fn is_state(kind: DefinitionKind) -> bool {
    matches!(kind, DefinitionKind::Variable | DefinitionKind::ThreadLocal)
}
