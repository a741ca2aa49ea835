//! The patch file: a dylib, followed by its manifest and a trailer.
//!
//! ```text
//! dylib | manifest | trailer: covered u64, dylib length u64, manifest length u64, checksum u64, magic [u8; 8]
//! ```
//!
//! The checksum covers the first `covered` bytes of the dylib, which are all that the dynamic loader maps, and the
//! manifest and the lengths. Debug sections behind them are left out: nothing in the process reads them, and they
//! are most of the file.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::DecodeError;
use crate::checksum::checksum;
use crate::manifest::{Manifest, PatchId};
use crate::version::ABI_VERSION;

const MAGIC: [u8; 8] = *b"HOTPATCH";
/// Bytes of the trailer.
pub const TRAILER_LEN: usize = 40;

/// A patch file, read and verified.
#[derive(Debug)]
pub struct PatchFile {
    /// The identity of the patch.
    pub id: PatchId,
    /// What the patch needs and gives.
    pub manifest: Manifest,
}

/// The file is not a whole patch file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatchFileError {
    /// The file does not end in a trailer: another kind of file, or cut short.
    NoTrailer,
    /// The lengths in the trailer do not add up to the length of the file.
    Length,
    /// The checksum differs.
    Checksum,
    /// The patch was made by a tool of another [`ABI_VERSION`], whose manifest this one cannot read.
    AbiVersion(u32),
    /// The manifest cannot be decoded.
    Manifest(DecodeError),
}

impl fmt::Display for PatchFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTrailer => write!(f, "not a patch file, or cut short: it has no trailer"),
            Self::Length => write!(f, "damaged: its parts do not add up to its length"),
            Self::Checksum => write!(f, "damaged: its checksum does not match its content"),
            Self::AbiVersion(found) => {
                write!(
                    f,
                    "made for version {found} of the patch format, this is version {ABI_VERSION}"
                )
            }
            Self::Manifest(error) => write!(f, "damaged: {error}"),
        }
    }
}

impl core::error::Error for PatchFileError {}

/// Appends manifest and trailer to a dylib. `covered` is the end of the last segment that the loader maps.
pub fn seal(mut dylib: Vec<u8>, covered: usize, manifest: &Manifest) -> (Vec<u8>, PatchId) {
    let manifest = manifest.encode();
    let lengths = [covered as u64, dylib.len() as u64, manifest.len() as u64];
    let id = digest(&dylib[..covered], &manifest, lengths);
    dylib.extend_from_slice(&manifest);
    for field in lengths.into_iter().chain([id.0]) {
        dylib.extend_from_slice(&field.to_le_bytes());
    }
    dylib.extend_from_slice(&MAGIC);
    (dylib, id)
}

/// The last [`TRAILER_LEN`] bytes of a patch file: where its parts lie.
#[derive(Clone, Copy, Debug)]
pub struct Trailer {
    lengths: [u64; 3],
    checksum: u64,
}

impl Trailer {
    /// Decodes the trailer of a file of `file_len` bytes.
    ///
    /// # Errors
    ///
    /// The bytes are no trailer, or do not fit the length of the file.
    pub fn decode(bytes: &[u8; TRAILER_LEN], file_len: u64) -> Result<Self, PatchFileError> {
        if bytes[32..] != MAGIC {
            return Err(PatchFileError::NoTrailer);
        }
        let field = |index: usize| {
            let bytes = bytes[index * 8..]
                .first_chunk::<8>()
                .expect("a field inside the trailer");
            u64::from_le_bytes(*bytes)
        };
        let [covered, dylib, manifest] = [field(0), field(1), field(2)];
        let whole = dylib
            .checked_add(manifest)
            .and_then(|parts| parts.checked_add(TRAILER_LEN as u64));
        if covered > dylib || whole != Some(file_len) {
            return Err(PatchFileError::Length);
        }
        Ok(Self {
            lengths: [covered, dylib, manifest],
            checksum: field(3),
        })
    }

    /// The part of the dylib that the loader maps: this many bytes from the start of the file.
    pub fn covered_len(&self) -> u64 {
        self.lengths[0]
    }

    /// Where in the file the manifest lies.
    pub fn manifest_range(&self) -> Range<u64> {
        self.lengths[1]..self.lengths[1] + self.lengths[2]
    }

    /// Verifies the parts of the file that matter to a process, and reads the manifest.
    ///
    /// # Errors
    ///
    /// The parts are damaged, or of another version.
    pub fn open(&self, covered: &[u8], manifest: &[u8]) -> Result<PatchFile, PatchFileError> {
        let id = digest(covered, manifest, self.lengths);
        if id.0 != self.checksum {
            return Err(PatchFileError::Checksum);
        }
        let version = Manifest::peek_abi_version(manifest).map_err(PatchFileError::Manifest)?;
        if version != ABI_VERSION {
            return Err(PatchFileError::AbiVersion(version));
        }
        Ok(PatchFile {
            id,
            manifest: Manifest::decode(manifest).map_err(PatchFileError::Manifest)?,
        })
    }
}

/// Reads and verifies a whole patch file.
///
/// # Errors
///
/// The file is not a whole, undamaged patch file of this version.
pub fn open(file: &[u8]) -> Result<PatchFile, PatchFileError> {
    let (rest, trailer) = file
        .split_last_chunk::<TRAILER_LEN>()
        .ok_or(PatchFileError::NoTrailer)?;
    let trailer = Trailer::decode(trailer, file.len() as u64)?;
    let range = trailer.manifest_range();
    trailer.open(
        &rest[..trailer.covered_len() as usize],
        &rest[range.start as usize..range.end as usize],
    )
}

fn digest(covered: &[u8], manifest: &[u8], lengths: [u64; 3]) -> PatchId {
    let mut hash = checksum(0, covered);
    hash = checksum(hash, manifest);
    for length in lengths {
        hash = checksum(hash, &length.to_le_bytes());
    }
    PatchId(hash)
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::{vec, vec::Vec};

    use super::*;
    use crate::manifest::{BacktraceCache, Fixup, FixupForm, ImageRef, Place, Published, PublishedInstance};

    fn sample() -> Manifest {
        Manifest {
            abi_version: ABI_VERSION,
            build_id: vec![1, 2, 3],
            parent: Some(PatchId(7)),
            images: vec![PatchId(7), PatchId(9)],
            got: 0x4000,
            fixups: vec![
                Fixup {
                    at: 0x10,
                    target: Place {
                        image: ImageRef::Base,
                        offset: 0x1234,
                    },
                    addend: -4,
                    form: FixupForm::Absolute,
                },
                Fixup {
                    at: 0x18,
                    target: Place {
                        image: ImageRef::Earlier(1),
                        offset: 8,
                    },
                    addend: 0,
                    form: FixupForm::GotRelative,
                },
            ],
            published: vec![Published {
                entry: Place {
                    image: ImageRef::Base,
                    offset: 16,
                },
                body: Place {
                    image: ImageRef::This,
                    offset: 0x200,
                },
                path: String::from("game::step"),
            }],
            instances: vec![PublishedInstance {
                built: Place {
                    image: ImageRef::Base,
                    offset: 32,
                },
                body: Place {
                    image: ImageRef::Earlier(0),
                    offset: 0x300,
                },
                path: String::from("game::push::<u8>"),
            }],
            backtraces: Some(BacktraceCache {
                lock: 0x5000,
                cache: 0x5008,
                empty: vec![0, 1, 2],
            }),
        }
    }

    fn sealed() -> Vec<u8> {
        seal((0..200_u8).collect(), 150, &sample()).0
    }

    #[test]
    fn round_trip() {
        let (file, id) = seal((0..200_u8).collect(), 150, &sample());
        let patch = open(&file).unwrap();
        assert_eq!((patch.id, patch.manifest), (id, sample()));
    }

    #[test]
    fn another_version_is_named() {
        let manifest = Manifest {
            abi_version: 99,
            ..sample()
        };
        let file = seal(vec![0; 64], 64, &manifest).0;
        assert_eq!(open(&file).unwrap_err(), PatchFileError::AbiVersion(99));
    }

    #[test]
    fn every_truncation_is_refused() {
        let file = sealed();
        for len in 0..file.len() {
            assert!(open(&file[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn every_flipped_bit_outside_the_debug_part_is_refused() {
        let mut file = sealed();
        for bit in (0..file.len() * 8).filter(|bit| !(150..200).contains(&(bit / 8))) {
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&file).is_err(), "bit {bit}");
            file[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
