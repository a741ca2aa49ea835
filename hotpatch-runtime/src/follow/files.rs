//! The files that a path stands for: itself, or the files of a folder.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What lies at `path`, in the order of names. Nothing, if nothing does: it may come.
pub(super) fn at(path: &Path) -> io::Result<Vec<PathBuf>> {
    let is_folder = match fs::metadata(path) {
        Ok(metadata) => metadata.is_dir(),
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if !is_folder {
        return Ok(vec![path.into()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if !is_aside(&entry.file_name()) {
            found.push(entry.path());
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Whether nothing is there, or nothing any more.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Whether a name says that the file is not meant: hidden, a backup, or not there yet. All else is told by content.
fn is_aside(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let ends: [&[u8]; 4] = [b"~", b".tmp", b".part", b".partial"];
    name.starts_with(b".") || ends.iter().any(|end| name.ends_with(end))
}
