//! The sources of a crate as one compilation read them, and whether another one shows other crates the same.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::regime::Regime;
use super::skeleton::Skeleton;
use crate::stamp::Stamp;

/// The sources.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    files: BTreeMap<PathBuf, Source>,
}

#[derive(Debug)]
struct Source {
    bytes: Vec<u8>,
    /// Made when it is first asked for.
    skeleton: OnceLock<Option<Skeleton>>,
}

impl Shape {
    /// The files as they are now. `None` if one cannot be read.
    pub(crate) fn now(paths: &BTreeSet<PathBuf>) -> Option<Self> {
        let mut shape = Self::default();
        for path in paths {
            shape.add(path.clone(), std::fs::read(path).ok()?);
        }
        Some(shape)
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, path: PathBuf, bytes: Vec<u8>) {
        let skeleton = OnceLock::new();
        self.files.insert(path, Source { bytes, skeleton });
    }

    /// The files, if they hold what these stamps say.
    pub(crate) fn stamped(files: Vec<(PathBuf, Option<Stamp>)>) -> Option<Self> {
        let mut shape = Self::default();
        for (path, stamp) in files {
            let bytes = std::fs::read(&path).ok()?;
            if !stamp?.is_of(&bytes) {
                return None;
            }
            shape.add(path, bytes);
        }
        Some(shape)
    }

    /// Whether these files, and no others, still hold what they held.
    pub(crate) fn is_still(&self, paths: &BTreeSet<PathBuf>) -> bool {
        let holds =
            |(path, source): (&PathBuf, &Source)| std::fs::read(path).is_ok_and(|now| now == source.bytes);
        self.files.keys().eq(paths) && self.files.iter().all(holds)
    }

    /// Whether an edit that made `later` of these sources changed nothing that other crates see. `root` is the folder
    /// of the package.
    pub(crate) fn shows_the_same_as(&self, later: &Self, regime: Regime, root: &Path) -> bool {
        if regime == Regime::Unknown || !self.files.keys().eq(later.files.keys()) {
            return false;
        }
        let pairs: Vec<_> = self.files.iter().zip(later.files.values()).collect();
        let is_changed = |((_, before), after): &((&PathBuf, &Source), &Source)| before.bytes != after.bytes;
        let changed: Vec<_> = pairs.iter().filter(|pair| is_changed(pair)).collect();
        if changed.is_empty() {
            return true;
        }
        // What differs, but cannot be named by others.
        let mut names = BTreeSet::new();
        for ((path, before), after) in &changed {
            let (Some(before), Some(after), true) =
                (before.skeleton(regime), after.skeleton(regime), is_rust(path))
            else {
                return false;
            };
            match before.unseen_difference(after) {
                Some(differing) if differing.is_empty() || !before.may_mention(&differing) => {
                    names.extend(differing);
                }
                _ => return false,
            }
        }
        let parts: Vec<&str> = changed
            .iter()
            .flat_map(|((path, _), _)| parts(path, root))
            .collect();
        // Skeletons of unchanged files are those of this shape, which stays for the next edit.
        let mut skeletons = pairs
            .iter()
            .filter(|((path, _), _)| is_rust(path))
            .map(|pair| if is_changed(pair) { pair.1 } else { pair.0.1 })
            .map(|source| source.skeleton(regime));
        skeletons.all(|skeleton| {
            skeleton.is_some_and(|skeleton| {
                !skeleton.may_include(&parts) && (names.is_empty() || !skeleton.may_mention(&names))
            })
        })
    }
}

impl Source {
    fn skeleton(&self, regime: Regime) -> Option<&Skeleton> {
        let make = || Skeleton::of(std::str::from_utf8(&self.bytes).ok()?, regime);
        self.skeleton.get_or_init(make).as_ref()
    }
}

fn is_rust(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("rs"))
}

/// The names of which a path inside the package consists: any of them may stand where its text is included.
fn parts<'a>(path: &'a Path, root: &Path) -> Vec<&'a str> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    inside.iter().filter_map(OsStr::to_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(files: &[(&str, &str)]) -> Shape {
        let mut shape = Shape::default();
        for (path, text) in files {
            shape.add(Path::new("/w/a").join(path), text.as_bytes().to_vec());
        }
        shape
    }

    fn check(before: &[(&str, &str)], after: &[(&str, &str)], expected: bool) {
        let (before, after) = (shape(before), shape(after));
        let same = |regime| before.shows_the_same_as(&after, regime, Path::new("/w/a"));
        assert_eq!(same(Regime::Declared), expected);
        assert!(!same(Regime::Unknown));
    }

    const LIB: (&str, &str) = ("src/lib.rs", "mod a;");

    #[test]
    fn only_bodies_may_differ() {
        check(
            &[LIB, ("src/a.rs", "fn f() { 1 }")],
            &[LIB, ("src/a.rs", "fn f() { 2 }")],
            true,
        );
        check(
            &[LIB, ("src/a.rs", "const A: u8 = 1;")],
            &[LIB, ("src/a.rs", "const A: u8 = 2;")],
            false,
        );
        check(&[LIB], &[LIB, ("src/a.rs", "")], false);
        check(&[LIB, ("t.txt", "1")], &[LIB, ("t.txt", "2")], false);
        check(&[LIB], &[LIB], true);
        let user = ("src/lib.rs", "mod a; #[inline] pub fn f() { a::g() }");
        check(
            &[LIB, ("src/a.rs", "")],
            &[LIB, ("src/a.rs", "pub(crate) fn g() {}")],
            true,
        );
        check(
            &[user, ("src/a.rs", "")],
            &[user, ("src/a.rs", "pub(crate) fn g() {}")],
            false,
        );
    }

    #[test]
    fn a_file_that_is_also_a_text_is_not_only_code() {
        let lib = ("src/lib.rs", "mod a; pub const A: &str = include_str!(\"a.rs\");");
        check(
            &[lib, ("src/a.rs", "fn f() { 1 }")],
            &[lib, ("src/a.rs", "fn f() { 2 }")],
            false,
        );
        let lib = ("src/lib.rs", "mod a; embed!(\"src\");");
        check(
            &[lib, ("src/a.rs", "fn f() { 1 }")],
            &[lib, ("src/a.rs", "fn f() { 2 }")],
            false,
        );
    }

    #[test]
    fn a_shape_knows_whether_it_is_still_true() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rs");
        std::fs::write(&path, "1").unwrap();
        let paths = [path.clone()].into();
        let shape = Shape::now(&paths).unwrap();
        assert!(shape.is_still(&paths));
        assert!(!shape.is_still(&BTreeSet::new()));
        std::fs::write(&path, "2").unwrap();
        assert!(!shape.is_still(&paths));
    }
}
