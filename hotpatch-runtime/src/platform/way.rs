//! The way of the kernel through a path: which name is looked up in which folder.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// Calls `visit` with each folder that the absolute `path` leads through, and the name that is looked up in it, before
/// it is looked up. Links are followed. Returns where the way ends: a path without links.
///
/// # Errors
///
/// What `visit` says, or that links lead in a circle.
pub(super) fn walk(
    path: &Path,
    mut visit: impl FnMut(&Path, &OsStr) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let mut left: VecDeque<OsString> = names(path).collect();
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(name) = left.pop_front() {
        if name == ".." {
            at.pop();
            continue;
        }
        visit(&at, &name)?;
        let next = at.join(&name);
        // Whatever is not a link is on the way itself, also what does not exist.
        let Ok(target) = fs::read_link(&next) else {
            at = next;
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            return Err(io::Error::other(format!(
                "the links of `{}` lead in a circle",
                path.display()
            )));
        }
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        for name in names(&target).collect::<Vec<_>>().into_iter().rev() {
            left.push_front(name);
        }
    }
    Ok(at)
}

fn names(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.into()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::{fs, io};

    use super::walk;

    #[test]
    fn links_are_followed_where_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("releases/42/patches")).unwrap();
        symlink("releases/../releases/42", root.join("current")).unwrap();
        symlink(root.join("current"), root.join("live")).unwrap();
        let mut seen = Vec::new();
        let end = walk(&root.join("live/patches/x"), |at, name| {
            if at.starts_with(&root) {
                let at = at.strip_prefix(&root).unwrap();
                seen.push(format!("{}/{}", at.display(), name.display()));
            }
            Ok(())
        });
        assert_eq!(end.unwrap(), root.join("releases/42/patches/x"));
        assert_eq!(
            seen,
            [
                "/live",
                "/current",
                "/releases",
                "/releases",
                "releases/42",
                "releases/42/patches",
                "releases/42/patches/x"
            ]
        );
    }

    #[test]
    fn a_circle_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        symlink("b", folder.path().join("a")).unwrap();
        symlink("a", folder.path().join("b")).unwrap();
        let outcome: io::Result<_> = walk(&folder.path().join("a"), |_, _| Ok(()));
        assert!(outcome.unwrap_err().to_string().contains("circle"));
    }
}
