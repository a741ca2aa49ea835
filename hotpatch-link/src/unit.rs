//! The objects of one workspace crate, as files.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// One object, read.
pub(crate) struct ObjectBytes {
    pub(crate) label: String,
    pub(crate) bytes: Arc<[u8]>,
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

/// Reads the objects that rustc wrote into a file. Other members of an rlib (C objects, metadata) cannot change by an
/// edit of Rust source: what they define is found in the program.
pub(crate) fn read(path: &Path) -> Result<Vec<ObjectBytes>, Error> {
    let bytes = fs::read(path).map_err(|error| Error::unreadable(path, error))?;
    if path.extension().is_some_and(|extension| extension == "rlib") {
        let mut objects = Vec::new();
        read_members(path, &bytes, &mut objects)?;
        return Ok(objects);
    }
    Ok(vec![ObjectBytes {
        label: label(path),
        bytes: bytes.into(),
    }])
}

fn read_members(path: &Path, bytes: &[u8], objects: &mut Vec<ObjectBytes>) -> Result<(), Error> {
    let unreadable = |error| Error::unreadable(path, error);
    for member in ArchiveFile::parse(bytes).map_err(unreadable)?.members() {
        let member = member.map_err(unreadable)?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        if name.ends_with(".rcgu.o") {
            let bytes = member.data(bytes).map_err(unreadable)?;
            objects.push(ObjectBytes {
                label: format!("{}({name})", label(path)),
                bytes: bytes.into(),
            });
        }
    }
    Ok(())
}

fn label(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}
