//! inotify: what changes at a path, and on the way to it.
//!
//! A folder is watched before a name is looked up in it, so whatever is replaced later on is told: the files of the
//! folder, the folder itself, a link that leads to it, a folder above. [`Changes::arm`] walks the way anew; it comes before
//! each look, and what changes after it is told before the next one.

use std::collections::{HashMap, HashSet};
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::descriptor::off_standard_streams;
use super::way::walk;

/// Another thing has a name now, or the folder is another one.
const WAY: u32 = libc::IN_CREATE | libc::IN_MOVED_TO | libc::IN_DELETE_SELF | libc::IN_MOVE_SELF;
/// A file was written by somebody who has closed it, or may be read by others now.
const CONTENT: u32 = libc::IN_CLOSE_WRITE | libc::IN_ATTRIB;
const HEADER: usize = size_of::<libc::inotify_event>();

/// The changes of a file, or of the files of a folder.
pub(crate) struct Changes {
    inotify: File,
    path: PathBuf,
    watched: HashMap<i32, Names>,
}

/// The names of a folder that matter.
enum Names {
    All,
    Some(HashSet<OsString>),
}

impl Names {
    fn add(&mut self, name: Option<&OsStr>) {
        match (&mut *self, name) {
            (Self::Some(names), Some(name)) => {
                names.insert(name.into());
            }
            (_, None) => *self = Self::All,
            (Self::All, Some(_)) => {}
        }
    }

    fn contain(&self, name: &OsStr) -> bool {
        match self {
            Self::All => true,
            Self::Some(names) => names.contains(name),
        }
    }
}

impl Changes {
    /// The changes at an absolute path. None are seen before [`arm`](Self::arm).
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        // SAFETY: the call makes a descriptor and has no other effect.
        let inotify = unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) };
        if inotify < 0 {
            return Err(explained(path, &io::Error::last_os_error()));
        }
        // SAFETY: the descriptor is new and ours.
        let inotify = unsafe { OwnedFd::from_raw_fd(inotify) };
        Ok(Self {
            inotify: File::from(off_standard_streams(inotify)?),
            path: path.into(),
            watched: HashMap::new(),
        })
    }

    /// Watches what is on the way now.
    pub(crate) fn arm(&mut self) -> io::Result<()> {
        let before = std::mem::take(&mut self.watched);
        let outcome = self.watch_all();
        for descriptor in before.keys().filter(|old| !self.watched.contains_key(old)) {
            // SAFETY: takes two numbers; the kernel knows which of its watches are left.
            unsafe { libc::inotify_rm_watch(self.inotify.as_raw_fd(), *descriptor) };
        }
        outcome
    }

    fn watch_all(&mut self) -> io::Result<()> {
        let path = self.path.clone();
        let Some(end) = self.watch_way(&path)? else {
            return Ok(());
        };
        if !end.is_dir() {
            return Ok(());
        }
        let watched = self.watch(&end, None, WAY | CONTENT);
        watched.map_err(|error| explained(&end, &error))?;
        for entry in fs::read_dir(&end).map_err(|error| explained(&end, &error))? {
            let Ok(entry) = entry else { continue };
            if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
                self.watch_way(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Watches the folders on the way to `path`. Returns its end; `None` if a folder is missing on the way, whose name is
    /// watched for.
    fn watch_way(&mut self, path: &Path) -> io::Result<Option<PathBuf>> {
        let mut last = Ok(());
        let end = walk(path, |folder, name| {
            last = self.watch(folder, Some(name), WAY);
            match &last {
                // A folder that may be passed through but not read tells nothing; the one in it tells if it goes away.
                Err(error) if error.kind() != ErrorKind::PermissionDenied => Err(error.kind().into()),
                _ => Ok(()),
            }
        });
        let end = match (last, end) {
            (Ok(()), end) => end?,
            (Err(error), _) => {
                return match error.kind() {
                    ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(None),
                    _ => Err(explained(path.parent().unwrap_or(path), &error)),
                };
            }
        };
        if let (Some(folder), Some(name)) = (end.parent(), end.file_name()) {
            self.watch(folder, Some(name), WAY | CONTENT)
                .map_err(|error| explained(folder, &error))?;
        }
        Ok(Some(end))
    }

    fn watch(&mut self, folder: &Path, name: Option<&OsStr>, what: u32) -> io::Result<()> {
        let path = CString::new(folder.as_os_str().as_bytes())?;
        let mask = what | libc::IN_ONLYDIR | libc::IN_MASK_ADD;
        // SAFETY: the path is a C string.
        let descriptor = unsafe { libc::inotify_add_watch(self.inotify.as_raw_fd(), path.as_ptr(), mask) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        let names = self.watched.entry(descriptor);
        names.or_insert_with(|| Names::Some(HashSet::new())).add(name);
        Ok(())
    }

    /// Takes what has happened so far. Answers whether something of it matters.
    pub(crate) fn take(&mut self) -> io::Result<bool> {
        let mut matters = false;
        let mut buffer = [0; 4096];
        loop {
            let len = match self.inotify.read(&mut buffer) {
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(matters),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let mut rest = &buffer[..len];
            while let Some((event, after)) = rest.split_at_checked(HEADER) {
                // SAFETY: the bytes are as long as an event, and any bytes are one.
                let event = unsafe { event.as_ptr().cast::<libc::inotify_event>().read_unaligned() };
                let Some((name, after)) = after.split_at_checked(event.len as usize) else {
                    break;
                };
                let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
                matters |= self.matter(event.wd, OsStr::from_bytes(&name[..end]));
                rest = after;
            }
        }
    }

    /// Whether an event is about something that is watched. Without a name it is about the folder, or about all that
    /// happened and was too much for the queue.
    fn matter(&self, descriptor: i32, name: &OsStr) -> bool {
        match self.watched.get(&descriptor) {
            Some(names) => name.is_empty() || names.contain(name),
            None => descriptor < 0,
        }
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

fn explained(path: &Path, error: &io::Error) -> io::Error {
    let limit = match error.raw_os_error() {
        Some(libc::ENOSPC) => " (the limit is `fs.inotify.max_user_watches`)",
        Some(libc::EMFILE) => " (the limit of the process, or `fs.inotify.max_user_instances`)",
        _ => "",
    };
    io::Error::new(
        error.kind(),
        format!(
            "`{}` cannot be watched: {error}{limit}; look at it in intervals instead, with `Policy::Every`",
            path.display()
        ),
    )
}
