//! Second names for files that others replace or delete.

use std::io;
use std::path::Path;

/// Gives `from` the further name `to`, or copies it where the file system cannot.
pub(crate) fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(_) => {
            // A leftover of the same name may share its content with a file in use: unlink before writing.
            let _ = std::fs::remove_file(to);
            std::fs::copy(from, to).map(drop)
        }
    }
}
