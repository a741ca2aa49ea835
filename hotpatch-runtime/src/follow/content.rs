//! What a file holds: a patch, a damaged one, or nothing of that kind.
//!
//! The content of a file decides, not its times. They only save reading it again: what was modified some time before it was
//! read has other times when it is modified again.

use std::collections::HashMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hotpatch_abi::checksum::checksum;
use hotpatch_abi::manifest::PatchId;
use hotpatch_abi::patch_file::{self, PatchFileError, TRAILER_LEN, Trailer};

/// No patch is near this long.
const MAX_LEN: u64 = 1 << 30;
/// The longest tick of a file system, and then some.
const TICK: Duration = Duration::from_secs(3);

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Something else, or the beginning of a patch.
    NotWhole,
    /// A trailer, and something that does not go with it. Told apart by their checksum.
    Damaged(u64),
    /// A whole patch.
    Patch {
        id: PatchId,
        parent: Option<PatchId>,
        images: Vec<PatchId>,
    },
}

/// A file as it was read.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) content: Content,
    pub(super) modified: SystemTime,
}

/// Who may write a file, and the folder that it lies in. A refusal may be about that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rights {
    file: Option<u32>,
    folder: Option<u32>,
}

impl Rights {
    pub(super) fn of(path: &Path) -> Self {
        let mode = |path: &Path| fs::metadata(path).ok().map(|metadata| metadata.mode());
        let path = path.canonicalize().unwrap_or_default();
        Self {
            file: mode(&path),
            folder: path.parent().and_then(mode),
        }
    }
}

/// What is known of files, by their times.
#[derive(Default)]
pub(super) struct Contents {
    known: HashMap<PathBuf, (Times, Found)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Times {
    inode: (u64, u64),
    len: u64,
    mode: u32,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl From<&Metadata> for Times {
    fn from(metadata: &Metadata) -> Self {
        Self {
            inode: (metadata.dev(), metadata.ino()),
            len: metadata.size(),
            mode: metadata.mode(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Contents {
    /// What the file at `path` holds now. `None` if it is not a file.
    pub(super) fn of(&mut self, path: &Path) -> io::Result<Option<Found>> {
        let now = SystemTime::now();
        // To open a device may do something.
        if !fs::metadata(path)?.is_file() {
            return Ok(None);
        }
        // A fifo must not block the process.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let times = Times::from(&metadata);
        if let Some((known, found)) = self.known.get(path)
            && *known == times
        {
            return Ok(Some(found.clone()));
        }
        let found = Found {
            content: read(&file, metadata.size())?,
            modified: metadata.modified()?,
        };
        let changed = Duration::new(
            u64::try_from(metadata.ctime()).unwrap_or(0),
            u32::try_from(metadata.ctime_nsec()).unwrap_or(0),
        );
        let is_settled = SystemTime::UNIX_EPOCH + changed + TICK < now;
        if is_settled {
            self.known.insert(path.into(), (times, found.clone()));
        } else {
            self.known.remove(path);
        }
        Ok(Some(found))
    }

    /// Forgets all files but those, which are in order.
    pub(super) fn keep(&mut self, paths: &[PathBuf]) {
        self.known.retain(|path, _| paths.binary_search(path).is_ok());
    }
}

fn read(file: &File, len: u64) -> io::Result<Content> {
    let Some(trailer_at) = len.checked_sub(TRAILER_LEN as u64) else {
        return Ok(Content::NotWhole);
    };
    let mut trailer = [0; TRAILER_LEN];
    if !read_at(file, &mut trailer, trailer_at)? {
        return Ok(Content::NotWhole);
    }
    if len > MAX_LEN || Trailer::decode(&trailer, len).err() == Some(PatchFileError::NoTrailer) {
        return Ok(Content::NotWhole);
    }
    let mut bytes = vec![0; len as usize];
    if !read_at(file, &mut bytes, 0)? {
        return Ok(Content::NotWhole);
    }
    Ok(match patch_file::open(&bytes) {
        Ok(patch) => Content::Patch {
            id: patch.id,
            parent: patch.manifest.parent,
            images: patch.manifest.images,
        },
        Err(PatchFileError::NoTrailer) => Content::NotWhole,
        Err(_) => Content::Damaged(checksum(0, &bytes)),
    })
}

/// Fills the buffer; answers `false` if the file has become shorter meanwhile.
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<bool> {
    match file.read_exact_at(buffer, at) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        outcome => outcome.map(|()| true),
    }
}
