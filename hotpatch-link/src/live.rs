//! What runs in the process: the program as built, and every patch image that was committed since.

use rustc_hash::FxHashMap as HashMap;
use std::sync::Arc;

use hotpatch_abi::manifest::PatchId;

use crate::elf::program::{Definition, DefinitionKind, LinkedImage};
use crate::names::Name;
use crate::program::{Atom, Program};

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

/// One image.
#[derive(Debug)]
pub(crate) struct Image {
    /// The patch; `None` for the program as built.
    pub(crate) patch: Option<PatchId>,
    /// The objects that the image was linked from.
    pub(crate) program: Arc<Program>,
    pub(crate) linked: LinkedImage,
    /// The functions that lie in this image, by stable name.
    pub(crate) functions: HashMap<Name, Vec<Atom>>,
    /// The functions of other images that this one was bound to. Empty for the program as built.
    pub(crate) bound: HashMap<Atom, Version>,
}

impl Image {
    /// Where a function lies, unless several have its name.
    pub(crate) fn offset(&self, atom: Atom) -> Option<u64> {
        let name = self.program.stable_title(atom)?;
        if self.functions.get(&name)?.len() != 1 {
            return None;
        }
        let definition = self.linked.unique(name)?;
        (definition.kind == DefinitionKind::Code).then_some(definition.st_value)
    }

    fn callee(&self, index: ImageIndex, callee: Option<Atom>) -> Option<Callee> {
        let Some(atom) = callee else {
            return Some(Callee::Outside);
        };
        let stable = self.program.stable_title(atom)?;
        if self
            .functions
            .get(&stable)
            .is_some_and(|functions| functions.contains(&atom))
        {
            return Some(Callee::Function(Version { image: index, atom }));
        }
        self.bound.get(&atom).copied().map(Callee::Function)
    }
}

/// The images of a process, and which body each hot function has.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) images: Vec<Image>,
    /// The live bodies of the hot functions that were published, by the name of their entry.
    pub(crate) table: HashMap<Name, Version>,
}

impl Live {
    pub(crate) fn image(&self, index: ImageIndex) -> &Image {
        &self.images[index.0]
    }

    /// What a version of a function reaches, in the order of its mentions.
    pub(crate) fn callees(&self, version: Version) -> impl ExactSizeIterator<Item = Option<Callee>> {
        let image = self.image(version.image);
        let callees = image.program.deep(version.atom).callees.iter();
        callees.map(move |callee| image.callee(version.image, *callee))
    }

    /// All versions of a function, by its stable name.
    pub(crate) fn versions(&self, name: Name) -> impl Iterator<Item = Version> {
        self.images.iter().enumerate().flat_map(move |(index, image)| {
            let atoms = image.functions.get(&name).map_or(&[][..], Vec::as_slice);
            atoms.iter().map(move |atom| Version {
                image: ImageIndex(index),
                atom: *atom,
            })
        })
    }

    pub(crate) fn offset(&self, version: Version) -> Option<u64> {
        self.image(version.image).offset(version.atom)
    }

    /// The variable or thread-local of a stable name, wherever it lives.
    pub(crate) fn state(&self, name: Name) -> Option<(ImageIndex, Definition)> {
        self.images.iter().enumerate().find_map(|(index, image)| {
            let definition = image.linked.unique(name)?;
            matches!(
                definition.kind,
                DefinitionKind::Variable | DefinitionKind::ThreadLocal
            )
            .then_some((ImageIndex(index), definition))
        })
    }
}
