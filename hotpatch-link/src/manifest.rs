//! The manifest of a linked patch: what the runtime writes into it, and which functions it publishes.

use hotpatch_abi::code;
use hotpatch_abi::manifest::{
    Fixup, FixupForm, ImageRef, Manifest, PatchId, Place, Published, PublishedInstance,
};
use hotpatch_abi::version::ABI_VERSION;
use indexmap::IndexSet;

use crate::Error;
use crate::elf::program::LinkedImage;
use crate::imports::{Import, Imports};
use crate::live::{BASE, ImageIndex, Live, Version};
use crate::merge::{self, Merged};
use crate::names::{Name, Names};
use crate::program::Program;
use crate::selection::{Body, Selection};
use crate::states::States;

/// A patch that has been linked.
pub(crate) struct Linked<'a> {
    pub(crate) program: &'a Program,
    pub(crate) selection: &'a Selection,
    pub(crate) states: &'a States,
    pub(crate) live: &'a Live,
    pub(crate) names: &'a Names,
    pub(crate) image: &'a LinkedImage,
}

impl Linked<'_> {
    /// Writes the manifest. `parent` is the patch that must be live.
    pub(crate) fn manifest(
        &self,
        parent: Option<PatchId>,
        merged: &Merged,
        imports: &Imports,
    ) -> Result<Manifest, Error> {
        let images = &self.live.images;
        let mut manifest = Manifest {
            abi_version: ABI_VERSION,
            build_id: images[0].linked.build_id.clone(),
            parent,
            images: images[1..].iter().filter_map(|image| image.patch).collect(),
            got: self.place_of("_GLOBAL_OFFSET_TABLE_").unwrap_or(0),
            fixups: self.fixups(merged, imports)?,
            published: self.published()?,
            instances: self.instances()?,
            backtraces: None,
        };
        manifest.published.sort_by(|a, b| a.path.cmp(&b.path));
        keep_used_images(&mut manifest);
        Ok(manifest)
    }

    fn fixups(&self, merged: &Merged, imports: &Imports) -> Result<Vec<Fixup>, Error> {
        let cells = self.image.sections.get(merge::CELLS).copied().unwrap_or(0);
        let mut fixups: Vec<_> = imports
            .fixups()
            .map(|(at, import, addend, form)| Fixup {
                at: cells + at,
                target: place(import),
                addend,
                form: form.into(),
            })
            .collect();
        for (atom, pointer) in &merged.pointers {
            let marker = merge::marker(*atom);
            let start = self.place_of(&marker).ok_or_else(|| lost(&marker))?;
            fixups.push(Fixup {
                at: start + pointer.offset,
                target: place(pointer.import),
                addend: pointer.addend,
                form: FixupForm::Absolute,
            });
        }
        Ok(fixups)
    }

    fn published(&self) -> Result<Vec<Published>, Error> {
        let publications = self.selection.published.values();
        let published = publications.map(|publication| {
            let entry = match self.states.get(publication.entry.linkage) {
                Some(state) => place(Import {
                    image: state.image,
                    offset: state.definition.st_value,
                }),
                None => self.here(publication.entry.linkage)?,
            };
            Ok(Published {
                entry,
                body: self.body(publication.body, &publication.path)?,
                path: publication.path.clone(),
            })
        });
        published.collect()
    }

    fn instances(&self) -> Result<Vec<PublishedInstance>, Error> {
        let mut instances = Vec::new();
        for publication in self.selection.instances.values() {
            let body = self.body(publication.body, &publication.path)?;
            for built in &publication.built {
                instances.push(PublishedInstance {
                    built: self.loaded(*built, &publication.path)?,
                    body,
                    path: publication.path.clone(),
                });
            }
        }
        Ok(instances)
    }

    fn body(&self, body: Body, path: &str) -> Result<Place, Error> {
        match body {
            Body::Loaded(version) => self.loaded(version, path),
            Body::New(atom) => self.here(self.program.id(atom).ok_or_else(|| lost(path))?.linkage),
        }
    }

    /// A function that the process has.
    fn loaded(&self, version: Version, path: &str) -> Result<Place, Error> {
        let offset = self.live.offset(version).ok_or_else(|| lost(path))?;
        Ok(place(Import {
            image: version.image,
            offset,
        }))
    }

    fn here(&self, name: Name) -> Result<Place, Error> {
        let definition = self
            .image
            .unique(name)
            .ok_or_else(|| lost(self.names.text(name)))?;
        Ok(Place {
            image: ImageRef::This,
            offset: definition.st_value,
        })
    }

    fn place_of(&self, symbol: &str) -> Option<u64> {
        self.image
            .unique(self.names.get(symbol)?)
            .map(|definition| definition.st_value)
    }
}

/// Leaves out the images that nothing refers to: a process that never had them can take the patch then.
fn keep_used_images(manifest: &mut Manifest) {
    let fixups = manifest.fixups.iter_mut().map(|fixup| &mut fixup.target);
    let published = manifest.published.iter_mut();
    let published = published.flat_map(|published| [&mut published.entry, &mut published.body]);
    let instances = manifest.instances.iter_mut();
    let instances = instances.flat_map(|instance| [&mut instance.built, &mut instance.body]);
    let mut used: IndexSet<u32> = IndexSet::default();
    for place in fixups.chain(published).chain(instances) {
        if let ImageRef::Earlier(index) = &mut place.image {
            *index = used.insert_full(*index).0 as u32;
        }
    }
    let images = used.into_iter().map(|index| manifest.images[index as usize]);
    manifest.images = images.collect();
}

fn place(import: Import) -> Place {
    let image = match import.image {
        BASE => ImageRef::Base,
        ImageIndex(index) => ImageRef::Earlier(index as u32 - 1),
    };
    Place {
        image,
        offset: import.offset,
    }
}

fn lost(symbol: &str) -> Error {
    let message = format!("the linker did not keep symbol `{symbol}` of the patch");
    Error::new(code::LINK, message)
}
