//! A folder for the files of one running session.
//!
//! Invariant: a folder is locked as long as its session runs; whoever finds an unlocked one may remove it, unless a process
//! still runs patches from it: debuggers, profilers and backtraces read names and lines from these files.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

/// The folder. Removed when dropped, unless a process runs patches from it.
#[derive(Debug)]
pub(crate) struct ScratchDir {
    dir: TempDir,
    _lock: File,
}

impl ScratchDir {
    /// Makes a folder inside `parent`, and removes those of sessions that were killed.
    pub(crate) fn new(parent: &Path) -> Result<Self> {
        let make = || -> Result<Self> {
            std::fs::create_dir_all(parent)?;
            let _turn = turn(parent)?;
            sweep(parent);
            let prefix = format!("{}-", std::process::id());
            let dir = tempfile::Builder::new()
                .prefix(&prefix)
                .rand_bytes(4)
                .tempdir_in(parent)?;
            let lock = File::create(lock_path(dir.path()))?;
            flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
            Ok(Self { dir, _lock: lock })
        };
        make().with_context(|| format!("cannot make a folder in `{}`", parent.display()))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if !mapped(std::slice::from_ref(&self.dir.path().to_owned())).is_empty() {
            self.dir.disable_cleanup(true);
        }
    }
}

/// Waits for the turn to make and remove folders inside `parent`, which ends when the file is dropped: nobody sweeps
/// while another one's folder is there and not locked yet.
pub(crate) fn turn(parent: &Path) -> Result<File> {
    let file = File::create(lock_path(parent))?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

/// Whether the session of a folder still runs. A folder without a lock file is being made at this moment.
pub(crate) fn is_in_use(dir: &Path) -> bool {
    let Ok(lock) = File::open(lock_path(dir)) else {
        return true;
    };
    flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err()
}

/// Locks a folder that is made by other means.
pub(crate) fn lock(dir: &Path) -> Result<File> {
    let lock = File::create(lock_path(dir))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    Ok(lock)
}

fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    let dirs = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let left: Vec<PathBuf> = dirs.filter(|dir| !is_in_use(dir)).collect();
    let mapped = mapped(&left);
    for dir in left.iter().filter(|dir| !mapped.contains(dir)) {
        let _ = std::fs::remove_dir_all(dir);
    }
}

/// Those of the folders from which processes of this user have files in their memory.
fn mapped(dirs: &[PathBuf]) -> Vec<&PathBuf> {
    if dirs.is_empty() {
        return Vec::new();
    }
    // The kernel shows them without symbolic links.
    let real = |dir: &PathBuf| dir.canonicalize().map(|dir| format!("{}/", dir.display()));
    let mut open: Vec<_> = dirs
        .iter()
        .filter_map(|dir| Some((dir, real(dir).ok()?)))
        .collect();
    let mut mapped = Vec::new();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for maps in processes.filter_map(|process| std::fs::read(process.path().join("maps")).ok()) {
        let maps = String::from_utf8_lossy(&maps);
        let (found, rest) = open
            .into_iter()
            .partition(|(_, real)| maps.contains(real.as_str()));
        open = rest;
        let found: Vec<_> = found;
        mapped.extend(found.into_iter().map(|(dir, _)| dir));
    }
    mapped
}

fn lock_path(dir: &Path) -> PathBuf {
    dir.join("lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_ended_sessions_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let running = ScratchDir::new(parent.path()).unwrap();
        let killed = parent.path().join("killed");
        std::fs::create_dir(&killed).unwrap();
        std::fs::write(lock_path(&killed), "").unwrap();
        let _second = ScratchDir::new(parent.path()).unwrap();
        assert!(running.path().exists());
        assert!(!killed.exists());
    }

    #[test]
    fn folders_that_a_process_runs_code_from_stay() {
        let parent = tempfile::tempdir().unwrap();
        let run = |name: &str| {
            let dir = parent.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            std::fs::write(lock_path(&dir), "").unwrap();
            std::fs::copy("/bin/cat", dir.join("cat")).unwrap();
            let mut command = std::process::Command::new(dir.join("cat"));
            command.stdin(std::process::Stdio::piped()).spawn().unwrap()
        };
        let mut child = run("killed");
        let ended = ScratchDir::new(parent.path()).unwrap();
        let dir = ended.path().to_owned();
        std::fs::copy("/bin/cat", dir.join("cat")).unwrap();
        let mut second = std::process::Command::new(dir.join("cat"));
        let mut second = second.stdin(std::process::Stdio::piped()).spawn().unwrap();
        drop(ended);
        assert!(parent.path().join("killed").exists() && dir.exists());
        for child in [&mut child, &mut second] {
            drop(child.stdin.take());
            child.wait().unwrap();
        }
        let _next = ScratchDir::new(parent.path()).unwrap();
        assert!(!parent.path().join("killed").exists() && !dir.exists());
    }

    #[test]
    fn sessions_that_begin_at_the_same_time_leave_each_other_alone() {
        let parent = tempfile::tempdir().unwrap();
        let begin = || (0..50).map(|_| ScratchDir::new(parent.path()).unwrap()).collect();
        let dirs: Vec<Vec<ScratchDir>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(begin)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(dirs.iter().flatten().all(|dir| dir.path().exists()));
    }
}
