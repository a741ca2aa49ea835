//! Patch files of the test process, and files that are sealed as if a tool had made them.

use hotpatch_abi::checksum::checksum;
use hotpatch_abi::manifest::{FixupForm, ImageRef, Manifest, Place};

use crate::support::{Dylib, base, compile};
use crate::{ONE, TWO};

/// The end of what the loader maps of a file.
pub(crate) fn covered(object: &[u8]) -> usize {
    let headers = segments(object).filter(|header| u32_at(object, *header) == libc::PT_LOAD);
    let ends = headers.map(|header| u64_at(object, header + 8) + u64_at(object, header + 32));
    ends.max().unwrap() as usize
}

/// Where the program headers lie.
pub(crate) fn segments(object: &[u8]) -> impl Iterator<Item = usize> + use<> {
    let (start, count) = (u64_at(object, 32) as usize, object[56]);
    (0..usize::from(count)).map(move |index| start + index * 56)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

pub(crate) fn put(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

/// The parts of a patch whose functions return `value` and twice as much, through cells that must be filled in.
pub(crate) fn parts(value: u64) -> (Dylib, Manifest) {
    let dylib = compile(&format!(
        "typedef unsigned long word;
         word cells[8] = {{ 1, 2, 3, 4, 5, 6, 7, 8 }};
         struct {{ unsigned slot, version; const char *path; word rest[5]; }} entry = {{ 0, 1, \"new\", {{ 3 }} }};
         static word value(void) {{ return {value}; }}
         word (*pointer)(void) = value;
         word body_0(void) {{ return ((word (*)(void))cells[0])() / 10 * {value}; }}
         word body_1(void) {{ return pointer() * 2; }}"
    ));
    let mut manifest = dylib.manifest(&[(&ONE, "body_0"), (&TWO, "body_1")]);
    manifest.got = dylib.symbols["cells"];
    let built: extern "C" fn() -> u64 = crate::one_as_built();
    manifest.fixups.push(dylib.fixup("cells", base(built as usize)));
    let mut second = dylib.fixup("cells", dylib.place("body_1"));
    second.at += 8;
    second.form = FixupForm::GotRelative;
    manifest.fixups.push(second);
    (dylib, manifest)
}

/// The file of these parts.
pub(crate) fn file(parts: &(Dylib, Manifest)) -> Vec<u8> {
    let object = parts.0.bytes.clone();
    let covered = covered(&object);
    hotpatch_abi::patch_file::seal(object, covered, &parts.1).0
}

/// What a trailer says, which need not be true, under a checksum that fits.
#[derive(Clone)]
pub(crate) struct Seal {
    pub(crate) covered: u64,
    pub(crate) object: u64,
    pub(crate) manifest: u64,
    pub(crate) magic: [u8; 8],
}

impl Seal {
    pub(crate) fn of(object: &[u8], manifest: &[u8]) -> Self {
        Self {
            covered: covered(object) as u64,
            object: object.len() as u64,
            manifest: manifest.len() as u64,
            magic: *b"HOTPATCH",
        }
    }

    /// The sealed file.
    pub(crate) fn file(&self, object: &[u8], manifest: &[u8]) -> Vec<u8> {
        let covered = &object[..object.len().min(self.covered as usize)];
        let lengths = [self.covered, self.object, self.manifest];
        let mut hash = checksum(checksum(0, covered), manifest);
        for length in lengths {
            hash = checksum(hash, &length.to_le_bytes());
        }
        let fields = lengths.into_iter().chain([hash]).flat_map(u64::to_le_bytes);
        let trailer = fields.chain(self.magic);
        object.iter().chain(manifest).copied().chain(trailer).collect()
    }
}

/// Seals parts that were spoilt, with lengths and a checksum that fit.
pub(crate) fn resealed(object: &[u8], manifest: &[u8], covered: usize) -> Vec<u8> {
    let seal = Seal {
        covered: covered as u64,
        object: object.len() as u64,
        manifest: manifest.len() as u64,
        magic: *b"HOTPATCH",
    };
    seal.file(object, manifest)
}

/// A place in the patch itself.
pub(crate) fn this(offset: u64) -> Place {
    let image = ImageRef::This;
    Place { image, offset }
}
