//! What a patch image needs from the process and what it gives to it.

use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{DecodeError, Reader, Writer};

/// The identity of a patch: the checksum of its file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatchId(pub u64);

impl core::fmt::Debug for PatchId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PatchId({self})")
    }
}

impl core::fmt::Display for PatchId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// An image as a manifest names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImageRef {
    /// The program as built.
    Base,
    /// The image of the patch that this manifest belongs to.
    This,
    /// The image of an earlier patch: an index into [`Manifest::images`].
    Earlier(u32),
}

/// A place in an image: an offset from its load address, which is its `st_value` in the image's own symbol table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The image.
    pub image: ImageRef,
    /// Bytes from the load address of the image.
    pub offset: u64,
}

/// Eight bytes of the patch image that the runtime writes before any of its code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixup {
    /// Where to write: bytes from the load address of the patch image. Always in writable memory.
    pub at: u64,
    /// What the bytes are computed from.
    pub target: Place,
    /// Added to the address of the target, wrapping.
    pub addend: i64,
    /// How the bytes are computed.
    pub form: FixupForm,
}

/// How the value of a fixup is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixupForm {
    /// The address.
    Absolute,
    /// The address minus the address of the patch's own global offset table ([`Manifest::got`]).
    GotRelative,
}

/// A hot function that the patch publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Where the [`Entry`](crate::entry::Entry) of the function lies.
    pub entry: Place,
    /// Where the body lies that the function has from now on.
    pub body: Place,
    /// The full path of the function, for messages.
    pub path: String,
}

/// An instance of a generic hot function that the patch publishes.
///
/// It has no [`Entry`](crate::entry::Entry): a static cannot depend on type parameters. It is known by the address of
/// its body as built, with which its callers ask for the code that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedInstance {
    /// Where the body lies that belongs to the image of the callers.
    pub built: Place,
    /// Where the body lies that the instance has from now on.
    pub body: Place,
    /// The full path of the function with its type arguments, for messages.
    pub path: String,
}

/// What the standard library of the program remembers of the images of the process. It looks at them once, so without
/// help backtraces would not know those of patches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BacktraceCache {
    /// Offset of the `std::sync::Mutex<()>` that guards it, from the load address of the program.
    pub lock: u64,
    /// Its own offset from the load address of the program.
    pub cache: u64,
    /// The bytes with which it began: it remembers nothing.
    pub empty: Vec<u8>,
}

/// The manifest of a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// [`ABI_VERSION`](crate::version::ABI_VERSION) of the tool that made the patch.
    pub abi_version: u32,
    /// The build id of the program that the patch was made for.
    pub build_id: Vec<u8>,
    /// The patch that must be the live one when this patch is committed. The next table is that patch's table with
    /// the published functions replaced. `None`: the patch fits at any generation; the next table is the program as
    /// built with the published functions replaced.
    pub parent: Option<PatchId>,
    /// Earlier patches whose images this patch refers to.
    pub images: Vec<PatchId>,
    /// Offset of the patch image's global offset table.
    pub got: u64,
    /// The cells and pointers to fill in.
    pub fixups: Vec<Fixup>,
    /// The functions to publish. A patch that is offered publishes functions or instances.
    pub published: Vec<Published>,
    /// The instances of generic functions to publish.
    pub instances: Vec<PublishedInstance>,
    /// What is to be forgotten when the image is loaded, if the tool knows where it lies.
    pub backtraces: Option<BacktraceCache>,
}

impl Manifest {
    /// Encodes the manifest.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.u32(self.abi_version);
        w.bytes(&self.build_id);
        w.option(self.parent, |w, parent| w.u64(parent.0));
        w.list(&self.images, |w, image| w.u64(image.0));
        w.u64(self.got);
        w.list(&self.fixups, |w, fixup| {
            w.u64(fixup.at);
            write_place(w, fixup.target);
            w.u64(fixup.addend as u64);
            w.u8(match fixup.form {
                FixupForm::Absolute => 0,
                FixupForm::GotRelative => 1,
            });
        });
        w.list(&self.published, |w, published| {
            write_place(w, published.entry);
            write_place(w, published.body);
            w.bytes(published.path.as_bytes());
        });
        w.list(&self.instances, |w, instance| {
            write_place(w, instance.built);
            write_place(w, instance.body);
            w.bytes(instance.path.as_bytes());
        });
        w.option(self.backtraces.as_ref(), |w, backtraces| {
            w.u64(backtraces.lock);
            w.u64(backtraces.cache);
            w.bytes(&backtraces.empty);
        });
        w.bytes
    }

    /// Reads only the ABI version, whose place never changes.
    ///
    /// # Errors
    ///
    /// The bytes are too short to be a manifest.
    pub fn peek_abi_version(bytes: &[u8]) -> Result<u32, DecodeError> {
        Reader::new(bytes).u32("abi version")
    }

    /// Decodes a manifest.
    ///
    /// # Errors
    ///
    /// The bytes are not the encoding of a manifest, or not all of them are.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let manifest = Self {
            abi_version: r.u32("abi version")?,
            build_id: r.bytes("build id")?.into(),
            parent: r.option("parent", |r| r.u64("parent").map(PatchId))?,
            images: r.list("images", |r| r.u64("image").map(PatchId))?,
            got: r.u64("got")?,
            fixups: r.list("fixups", |r| {
                Ok(Fixup {
                    at: r.u64("fixup place")?,
                    target: read_place(r)?,
                    addend: r.u64("fixup addend")? as i64,
                    form: match r.u8("fixup form")? {
                        0 => FixupForm::Absolute,
                        1 => FixupForm::GotRelative,
                        _ => return Err(r.error("fixup form")),
                    },
                })
            })?,
            published: r.list("published functions", |r| {
                Ok(Published {
                    entry: read_place(r)?,
                    body: read_place(r)?,
                    path: r.string("path")?,
                })
            })?,
            instances: r.list("published instances", |r| {
                Ok(PublishedInstance {
                    built: read_place(r)?,
                    body: read_place(r)?,
                    path: r.string("path")?,
                })
            })?,
            backtraces: r.option("backtraces", |r| {
                Ok(BacktraceCache {
                    lock: r.u64("lock of backtraces")?,
                    cache: r.u64("cache of backtraces")?,
                    empty: r.bytes("bytes of that cache")?.into(),
                })
            })?,
        };
        r.end()?;
        Ok(manifest)
    }
}

const BASE: u32 = u32::MAX;
const THIS: u32 = u32::MAX - 1;

fn write_place(w: &mut Writer, place: Place) {
    w.u32(match place.image {
        ImageRef::Base => BASE,
        ImageRef::This => THIS,
        ImageRef::Earlier(index) => index,
    });
    w.u64(place.offset);
}

fn read_place(r: &mut Reader<'_>) -> Result<Place, DecodeError> {
    let image = match r.u32("image reference")? {
        BASE => ImageRef::Base,
        THIS => ImageRef::This,
        index => ImageRef::Earlier(index),
    };
    Ok(Place {
        image,
        offset: r.u64("place")?,
    })
}
