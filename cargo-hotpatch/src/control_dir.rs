//! The private folder of a session, in which processes open their control channels.
//!
//! Invariant: only this user can look into it. It outlives its session as long as a process has its socket there, so
//! that scripts still reach a program whose session was killed.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hotpatch_abi::names::SOCKET_EXTENSION;
use rustix::process::getuid;

use crate::scratch_dir;

const TOKEN: &str = "token";
/// `sun_path` has 108 bytes, the last of which is zero; a process adds `/<pid>.sock`.
const LONGEST: usize = 107 - "/4194304.sock".len();

/// The folder and its token.
#[derive(Debug)]
pub(crate) struct ControlDir {
    dir: PathBuf,
    token: String,
    _lock: File,
}

impl ControlDir {
    /// Makes the folder for this session.
    ///
    /// # Errors
    ///
    /// There is no place for it.
    pub(crate) fn new() -> Result<Self> {
        let parent = usable_parent(parents())?;
        let _turn = scratch_dir::turn(&parent)
            .with_context(|| format!("cannot lock the folder `{}`", parent.display()))?;
        sweep(&parent);
        let random = random_hex::<20>()?;
        let (name, token) = random.split_at(8);
        let dir = parent.join(format!("{}-{name}", std::process::id()));
        let make = || -> Result<File> {
            DirBuilder::new().mode(0o700).create(&dir)?;
            let lock = scratch_dir::lock(&dir)?;
            let mut file = File::options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(dir.join(TOKEN))?;
            file.write_all(token.as_bytes())?;
            Ok(lock)
        };
        let lock = make().with_context(|| format!("cannot make the folder `{}`", dir.display()))?;
        Ok(Self {
            token: token.to_owned(),
            dir,
            _lock: lock,
        })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }

    /// What a client must present.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

impl Drop for ControlDir {
    fn drop(&mut self) {
        if !has_live_socket(&self.dir) {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// The control channel of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    /// The process.
    pub(crate) pid: u32,
    /// The socket.
    pub(crate) path: PathBuf,
    /// Tells it from the one that the process had before, if it has started another program in its place.
    pub(crate) made: (u64, (i64, i64)),
}

/// The sockets in a folder whose process lives.
pub(crate) fn sockets(dir: &Path) -> Vec<Socket> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut sockets: Vec<_> = paths
        .filter(|path| path.extension() == Some(OsStr::new(SOCKET_EXTENSION)))
        .filter_map(|path| {
            let made = std::fs::symlink_metadata(&path).ok()?;
            Some(Socket {
                pid: path.file_stem()?.to_str()?.parse().ok()?,
                path,
                // Its rights change a moment after it was made, and its time of change with them.
                made: (made.ino(), (made.mtime(), made.mtime_nsec())),
            })
        })
        .filter(|socket| is_alive(socket.pid))
        .collect();
    sockets.sort_by_key(|socket| socket.pid);
    sockets
}

/// The folders of all sessions of this user, each with its token.
pub(crate) fn all() -> Vec<(PathBuf, String)> {
    let entries = parents()
        .into_iter()
        .filter_map(|parent| std::fs::read_dir(parent).ok())
        .flatten();
    let dirs = entries.filter_map(|entry| Some(entry.ok()?.path()));
    dirs.filter_map(|dir| Some((dir.clone(), std::fs::read_to_string(dir.join(TOKEN)).ok()?)))
        .collect()
}

/// Whether a process runs. One that has ended and waits for its parent to notice does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| !['Z', 'X'].contains(&state))
}

/// Whether a process was stopped, by a signal or by a debugger: it answers when it goes on.
pub(crate) fn stands_still(pid: u32) -> bool {
    state(pid).is_some_and(|state| ['T', 't'].contains(&state))
}

fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // `pid (name) state …`, where the name may contain anything.
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
}

fn has_live_socket(dir: &Path) -> bool {
    !sockets(dir).is_empty()
}

/// Removes the folders of sessions that ended, or were killed, and whose processes are gone.
fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for dir in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if !has_live_socket(&dir) && !scratch_dir::is_in_use(&dir) {
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}

fn parents() -> Vec<PathBuf> {
    let name = format!("hotpatch-{}", getuid().as_raw());
    let runtime = std::env::var_os("XDG_RUNTIME_DIR")
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from);
    let places = runtime.into_iter().chain([std::env::temp_dir(), "/tmp".into()]);
    places.map(|place| place.join(&name)).collect()
}

/// The first folder that only this user can look into and that leaves room for the name of a socket.
fn usable_parent(parents: Vec<PathBuf>) -> Result<PathBuf> {
    let mut reasons = Vec::new();
    for parent in parents {
        match prepared(&parent) {
            Ok(()) => return Ok(parent),
            Err(error) => reasons.push(format!("`{}`: {error:#}", parent.display())),
        }
    }
    bail!(
        "there is no place for the control channel: {}; set `XDG_RUNTIME_DIR` to a folder of your own with a short path",
        reasons.join("; ")
    )
}

fn prepared(parent: &Path) -> Result<()> {
    // The folder of a session adds `/<pid>-<8 digits>`.
    if parent.as_os_str().len() + "/4194304-01234567".len() > LONGEST {
        bail!("its path is too long for a socket");
    }
    match DirBuilder::new().mode(0o700).create(parent) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    let found = std::fs::symlink_metadata(parent)?;
    if !found.is_dir() || found.uid() != getuid().as_raw() || found.mode() & 0o077 != 0 {
        bail!("others can write to it");
    }
    Ok(())
}

fn random_hex<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_private_and_goes_with_its_session() {
        let control = ControlDir::new().unwrap();
        let dir = control.path().to_owned();
        assert_eq!(std::fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        assert!(dir.as_os_str().len() <= LONGEST);
        assert!(all().contains(&(dir.clone(), control.token().to_owned())));
        drop(control);
        assert!(!dir.exists());
    }

    #[test]
    fn folders_that_cannot_be_used_are_all_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        let long = dir.path().join("x".repeat(100));
        let error = usable_parent(vec![
            dir.path().join("file"),
            dir.path().join("file/sub"),
            long.clone(),
        ]);
        let message = error.unwrap_err().to_string();
        for part in [
            "file`: others",
            "file/sub`: Not a directory",
            &long.display().to_string(),
            "XDG_RUNTIME_DIR",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    #[test]
    fn only_sockets_of_living_processes_count() {
        let dir = tempfile::tempdir().unwrap();
        let own = format!("{}.sock", std::process::id());
        for name in [own.as_str(), "4194303.sock", "x.sock", "token"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let pids: Vec<_> = sockets(dir.path()).iter().map(|socket| socket.pid).collect();
        assert_eq!(pids, [std::process::id()]);
    }
}
