//! A patch file on disk: opened once, read, and verified before anything of it is used.
//!
//! Only the parts that the process uses are read; debug sections, which are most of the file, are not.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::slice;

use hotpatch_abi::manifest::{Manifest, PatchId};
use hotpatch_abi::patch_file::{PatchFile, PatchFileError, TRAILER_LEN, Trailer};

use crate::platform::{Layout, Loaded, copy_in_memory, is_traced};
use crate::refusal::{Refusal, refuse};

/// No patch is near this long; a file that claims to be must not exhaust the memory of the process.
const MAX_READ: u64 = 1 << 30;

/// A whole, undamaged patch file.
pub(crate) struct PatchOnDisk {
    path: PathBuf,
    file: File,
    kept: Kept,
    /// The part of the file that the loader maps, as it was verified.
    covered: Vec<u8>,
    pub(crate) id: PatchId,
    pub(crate) manifest: Manifest,
    pub(crate) layout: Layout,
}

/// What makes sure that what is loaded is what was verified.
enum Kept {
    /// The file is still as it was.
    Unchanged(Identity),
    /// It is a copy that nobody else has.
    Private,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity {
    inode: (u64, u64),
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl From<Metadata> for Identity {
    fn from(metadata: Metadata) -> Self {
        Self {
            inode: (metadata.dev(), metadata.ino()),
            len: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl PatchOnDisk {
    /// Opens, reads and verifies the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Refusal> {
        let (path, file, metadata) = open(path)?;
        let len = metadata.size();
        Self::verify(path, file, len, Kept::Unchanged(metadata.into()))
    }

    /// The same with a copy in memory: the file may be written to at any time, and what was verified stays as it is.
    pub(crate) fn read_copy(path: &Path) -> Result<Self, Refusal> {
        let (path, file, metadata) = open(path)?;
        let copy = match metadata.size() {
            0..=MAX_READ => copy_in_memory(&file),
            _ => Err(ErrorKind::FileTooLarge.into()),
        };
        let copy = copy.and_then(|copy| Ok((copy.metadata()?.size(), copy)));
        let (len, copy) = copy.map_err(|error| unreadable(&path, &error))?;
        Self::verify(path, copy, len, Kept::Private)
    }

    fn verify(path: PathBuf, file: File, len: u64, kept: Kept) -> Result<Self, Refusal> {
        let shown = path.display();
        let (covered, patch) = match read_parts(&file, len).map_err(|error| unreadable(&path, &error))? {
            Ok(parts) => parts,
            Err(error @ PatchFileError::AbiVersion(_)) => {
                refuse!(
                    ABI,
                    "patch file `{shown}` was {error}; use the `cargo hotpatch` that the program was built with"
                )
            }
            Err(error) => refuse!(
                PATCH_FILE,
                "patch file `{shown}` is {error}; make the patch again"
            ),
        };
        let Some(layout) = Layout::read(&covered) else {
            refuse!(
                PATCH_FILE,
                "patch file `{shown}` does not hold a dylib for this platform; make the patch again"
            );
        };
        Ok(Self {
            path,
            file,
            kept,
            covered,
            id: patch.id,
            manifest: patch.manifest,
            layout,
        })
    }

    /// The path to show: the one that debuggers know, unless that is of a copy which stands for the file.
    pub(crate) fn shown_path(&self, loaded: &Loaded) -> PathBuf {
        match self.kept {
            Kept::Unchanged(_) => loaded.path.clone(),
            Kept::Private => self.path.clone(),
        }
    }

    /// Has the dynamic loader load the file, and makes sure that what it loaded is what was verified.
    pub(crate) fn load(&self) -> Result<Loaded, Refusal> {
        let shown = self.path.display().to_string();
        self.check_unchanged()?;
        let loaded = match &self.kept {
            Kept::Unchanged(_) => Loaded::open(&self.path, &self.file),
            Kept::Private => match self.file.try_clone() {
                Ok(copy) => Loaded::open_copy(copy),
                Err(error) => Err(error.to_string()),
            },
        };
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(error) => refuse!(LOAD, "the dynamic loader did not take `{shown}`: {error}"),
        };
        self.check_unchanged()?;
        // The path may have led elsewhere for a moment.
        if !self.is_mapped(&loaded) {
            return Err(self.changed());
        }
        Ok(loaded)
    }

    fn check_unchanged(&self) -> Result<(), Refusal> {
        let Kept::Unchanged(identity) = self.kept else {
            return Ok(());
        };
        let now = [self.file.metadata(), self.path.metadata()];
        if now
            .into_iter()
            .all(|metadata| metadata.is_ok_and(|metadata| identity == metadata.into()))
        {
            Ok(())
        } else {
            Err(self.changed())
        }
    }

    /// Whether the loader mapped what was verified: code and constants are compared byte by byte.
    fn is_mapped(&self, loaded: &Loaded) -> bool {
        loaded.has_segments_of(&self.layout.segments)
            && self.layout.constants.iter().all(|(address, range)| {
                let start = loaded.load.wrapping_add(*address as usize);
                let start = std::ptr::with_exposed_provenance::<u8>(start);
                // SAFETY: the image has these very segments, and this part of one is readable, never written, and stays
                // mapped while it is loaded.
                let mapped = unsafe { slice::from_raw_parts(start, range.len()) };
                is_same(mapped, &self.covered[range.clone()])
            })
    }

    fn changed(&self) -> Refusal {
        Refusal::new(
            hotpatch_abi::code::PATCH_FILE,
            format!(
                "patch file `{}` changed while it was being applied; apply it again",
                self.path.display()
            ),
        )
    }
}

/// Whether the code is that of the file, but for the breakpoints that a debugger has put there as soon as it was mapped.
fn is_same(mapped: &[u8], verified: &[u8]) -> bool {
    const BREAKPOINT: u8 = 0xcc;
    let differing = || {
        mapped
            .iter()
            .zip(verified)
            .filter(|(mapped, verified)| mapped != verified)
    };
    mapped == verified || (is_traced() && differing().all(|(mapped, _)| *mapped == BREAKPOINT))
}

/// Opens a file that may be a patch: an ordinary one, which not everybody may write.
fn open(path: &Path) -> Result<(PathBuf, File, Metadata), Refusal> {
    // The loader looks for a name without a slash elsewhere, and the program may change its folder.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    // A fifo must not block the process.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(&path);
    let file = file.map_err(|error| unreadable(&path, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(&path, &error))?;
    if !metadata.is_file() {
        refuse!(PATCH_FILE, "`{}` is not a regular file", path.display());
    }
    check_writers(&path, &metadata)?;
    Ok((path, file, metadata))
}

fn unreadable(path: &Path, error: &io::Error) -> Refusal {
    Refusal::new(
        hotpatch_abi::code::PATCH_FILE,
        format!(
            "cannot read patch file `{}`: {error}; make the patch again",
            path.display()
        ),
    )
}

/// Reads what the loader maps, and the manifest, and verifies both.
fn read_parts(file: &File, len: u64) -> io::Result<Result<(Vec<u8>, PatchFile), PatchFileError>> {
    let Some(trailer_at) = len.checked_sub(TRAILER_LEN as u64) else {
        return Ok(Err(PatchFileError::NoTrailer));
    };
    let mut trailer = [0; TRAILER_LEN];
    file.read_exact_at(&mut trailer, trailer_at)?;
    let trailer = match Trailer::decode(&trailer, len) {
        Ok(trailer) => trailer,
        Err(error) => return Ok(Err(error)),
    };
    let range = trailer.manifest_range();
    let covered = read_at(file, 0, trailer.covered_len())?;
    let manifest = read_at(file, range.start, range.end - range.start)?;
    Ok(trailer.open(&covered, &manifest).map(|patch| (covered, patch)))
}

fn read_at(file: &File, at: u64, len: u64) -> io::Result<Vec<u8>> {
    if len > MAX_READ {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let mut bytes = vec![0; len as usize];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

/// Refuses a file that anybody on the machine can change, directly or by replacing it.
fn check_writers(path: &Path, file: &Metadata) -> Result<(), Refusal> {
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    if file.mode() & OTHERS_WRITE != 0 {
        refuse!(
            PATCH_FILE,
            "patch file `{}` can be written by every user; take that right away (`chmod o-w`)",
            path.display()
        );
    }
    let folder = path
        .canonicalize()
        .ok()
        .and_then(|path| path.parent().map(Path::to_path_buf));
    let mode = folder
        .as_ref()
        .and_then(|folder| folder.metadata().ok())
        .map_or(0, |folder| folder.mode());
    if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
        refuse!(
            PATCH_FILE,
            "the folder of patch file `{}` can be written by every user; keep patches in a private folder",
            path.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use hotpatch_abi::code;
    use hotpatch_abi::manifest::Manifest;
    use hotpatch_abi::patch_file::seal;
    use hotpatch_abi::version::ABI_VERSION;

    use super::PatchOnDisk;

    /// A file that can be read as a patch. The headers are those of this program.
    fn patch() -> Vec<u8> {
        let manifest = Manifest {
            abi_version: ABI_VERSION,
            build_id: Vec::new(),
            parent: None,
            images: Vec::new(),
            got: 0,
            fixups: Vec::new(),
            published: Vec::new(),
            instances: Vec::new(),
            backtraces: None,
        };
        let program = fs::read(std::env::current_exe().unwrap()).unwrap();
        let covered = program.len();
        seal(program, covered, &manifest).0
    }

    #[test]
    fn a_file_that_changes_after_it_was_verified_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.so");
        let other = folder.path().join("other.so");
        let file = patch();
        let changes: [&dyn Fn(); 3] = [
            &|| fs::write(&path, &file[1..]).unwrap(),
            &|| fs::rename(&other, &path).unwrap(),
            &|| fs::remove_file(&path).unwrap(),
        ];
        for change in changes {
            fs::write(&path, &file).unwrap();
            fs::write(&other, &file).unwrap();
            let patch = PatchOnDisk::read(&path).unwrap();
            change();
            let refusal = patch.load().unwrap_err();
            assert_eq!(refusal.code(), code::PATCH_FILE);
            assert!(refusal.message().contains("changed while"), "{refusal}");
        }
    }
}
