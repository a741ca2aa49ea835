//! The state of a file at one moment: enough to say later whether its content changed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use hotpatch_abi::checksum::checksum;
use serde::{Deserialize, Serialize};

/// The state of a file. Content decides: a file that was touched, or replaced by an equal one, has not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    place: Place,
    /// `None` where nobody knows what the compiler read.
    content: Option<u64>,
}

/// What changes whenever a file is written; equal values spare reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    inode: u64,
    len: u64,
    seconds: i64,
    nanos: i64,
}

impl Stamp {
    /// The state of a file now; `None` where there is none.
    pub(crate) fn now(path: &Path) -> Option<Self> {
        loop {
            let before = place(path)?;
            let content = content(path);
            // Written meanwhile: the content may be newer than the place.
            if place(path)? == before {
                return Some(Self {
                    place: before,
                    content,
                });
            }
        }
    }

    /// The state of a file that a build has read which began at `started`. A later change of the file may or may not
    /// have been seen by the build: such a file counts as changed.
    pub(crate) fn as_of(path: &Path, started: SystemTime) -> Option<Self> {
        let modified = std::fs::metadata(path).ok()?.modified().ok()?;
        let stamp = Self::now(path)?;
        Some(if modified < started {
            stamp
        } else {
            stamp.of_unknown_content()
        })
    }

    /// This state, as far as it is known after a build that began later: if the file was written since, nobody knows
    /// what the build has read.
    pub(crate) fn after_a_build(self, path: &Path) -> Self {
        if place(path) == Some(self.place) {
            self
        } else {
            self.of_unknown_content()
        }
    }

    fn of_unknown_content(self) -> Self {
        Self {
            content: None,
            ..self
        }
    }

    /// Whether both states have the same content, which must be known.
    pub(crate) fn has_content_of(self, other: Self) -> bool {
        self.content.is_some() && self.content == other.content
    }

    /// Whether this is the content, which must be known.
    pub(crate) fn is_of(self, bytes: &[u8]) -> bool {
        self.content == Some(checksum(0, bytes))
    }

    /// The state now, compared with this one.
    pub(crate) fn compare(self, path: &Path) -> Comparison {
        match place(path) {
            None => Comparison::Missing,
            Some(place) if place == self.place && self.content.is_some() => Comparison::Same(self),
            Some(_) => match Self::now(path) {
                None => Comparison::Missing,
                Some(now) if now.content == self.content => Comparison::Same(now),
                Some(now) => Comparison::Changed(now),
            },
        }
    }
}

/// How a file compares with an earlier state of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// The content is the same; the file may have been replaced.
    Same(Stamp),
    /// The content is another.
    Changed(Stamp),
    /// There is no file.
    Missing,
}

fn place(path: &Path) -> Option<Place> {
    let found = std::fs::metadata(path).ok()?;
    Some(Place {
        inode: found.ino(),
        len: found.len(),
        seconds: found.mtime(),
        nanos: found.mtime_nsec(),
    })
}

/// The content of a folder is the names in it, without those that editors make for the moment.
fn content(path: &Path) -> Option<u64> {
    if !path.is_dir() {
        return std::fs::read(path).ok().map(|bytes| checksum(0, &bytes));
    }
    let entries = std::fs::read_dir(path).ok()?;
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().into_encoded_bytes()));
    let mut names: Vec<_> = names
        .filter(|name| !name.starts_with(b".") && !name.ends_with(b"~"))
        .collect();
    names.sort();
    Some(checksum(0, &names.join(&0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_content_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.rs");
        std::fs::write(&path, "fn a() {}").unwrap();
        let stamp = Stamp::now(&path).unwrap();
        assert_eq!(stamp.compare(&path), Comparison::Same(stamp));

        let copy = dir.path().join("copy");
        std::fs::write(&copy, "fn a() {}").unwrap();
        std::fs::rename(&copy, &path).unwrap();
        assert!(matches!(stamp.compare(&path), Comparison::Same(_)));

        std::fs::write(&path, "fn b() {}").unwrap();
        assert!(matches!(stamp.compare(&path), Comparison::Changed(_)));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(stamp.compare(&path), Comparison::Missing);
    }

    #[test]
    fn a_folder_changes_with_the_names_in_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "1").unwrap();
        let stamp = Stamp::now(dir.path()).unwrap();
        std::fs::write(dir.path().join(".a.swp"), "").unwrap();
        std::fs::write(dir.path().join("a"), "2").unwrap();
        assert!(matches!(stamp.compare(dir.path()), Comparison::Same(_)));
        std::fs::write(dir.path().join("b"), "").unwrap();
        assert!(matches!(stamp.compare(dir.path()), Comparison::Changed(_)));
    }

    #[test]
    fn a_file_written_back_during_the_build_counts_as_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.rs");
        std::fs::write(&path, "fn a() {}").unwrap();
        let stamp = Stamp::now(&path).unwrap();
        assert_eq!(stamp.after_a_build(&path), stamp);
        let copy = dir.path().join("copy");
        std::fs::write(&copy, "fn a() {}").unwrap();
        std::fs::rename(&copy, &path).unwrap();
        assert!(matches!(
            stamp.after_a_build(&path).compare(&path),
            Comparison::Changed(_)
        ));
    }

    #[test]
    fn a_file_written_during_the_build_counts_as_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.rs");
        let before = SystemTime::now() - std::time::Duration::from_secs(1);
        std::fs::write(&path, "fn a() {}").unwrap();
        assert!(matches!(
            Stamp::as_of(&path, before).unwrap().compare(&path),
            Comparison::Changed(_)
        ));
        let after = SystemTime::now() + std::time::Duration::from_secs(1);
        assert!(matches!(
            Stamp::as_of(&path, after).unwrap().compare(&path),
            Comparison::Same(_)
        ));
    }
}
