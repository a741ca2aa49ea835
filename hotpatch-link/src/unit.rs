//! The objects of one workspace crate, as files.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use object::read::ReadCache;
use object::read::archive::ArchiveFile;

use crate::Error;

/// The objects of one workspace crate.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Unique among the units of a program, and stable over replays: the name of the crate, and more behind `-` or `@`.
    pub key: String,
    /// Object files, or rlibs that hold them.
    pub objects: Vec<PathBuf>,
}

impl Unit {
    /// The name of the crate.
    pub(crate) fn crate_name(&self) -> &str {
        let key = self.key.as_str();
        key.split(['-', '@']).next().unwrap_or(key)
    }
}

/// What tells a file from any other content it may have had: rustc links unchanged objects from build to build, so
/// most of the files of a replay are those of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Result<Self, Error> {
        let metadata = fs::metadata(path).map_err(|error| Error::unreadable(path, error))?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// Shows the objects that rustc wrote into a file, with what to call them. Other members of an rlib (C objects,
/// metadata) cannot change by an edit of Rust source: what they define is found in the program.
///
/// An rlib is not read as a whole: nearly all of it is what it was before the edit, and is only looked at.
pub(crate) fn visit(
    path: &Path,
    mut visit: impl FnMut(&str, &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let unreadable = |error| Error::unreadable(path, error);
    if path.extension().is_none_or(|extension| extension != "rlib") {
        let bytes = fs::read(path).map_err(unreadable)?;
        return visit(&label(path), &bytes);
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    for (name, range) in members(&file).map_err(|error| Error::unreadable(path, error))? {
        bytes.resize(range.1 as usize, 0);
        file.read_exact_at(&mut bytes, range.0).map_err(unreadable)?;
        visit(&format!("{}({name})", label(path)), &bytes)?;
    }
    Ok(())
}

/// The names of the objects in an rlib, and where they lie: offset and length.
fn members(file: &File) -> object::Result<Vec<(String, (u64, u64))>> {
    let cache = ReadCache::new(file);
    let mut objects = Vec::new();
    for member in ArchiveFile::parse(&cache)?.members() {
        let member = member?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        if name.ends_with(".rcgu.o") {
            objects.push((name, member.file_range()));
        }
    }
    Ok(objects)
}

fn label(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
