//! The socket of this process in the control directory.

use std::fs::{self, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf, absolute};
use std::process;
use std::sync::{Mutex, Once, PoisonError};

use hotpatch_abi::names::SOCKET_EXTENSION;

/// Longest path of a socket, `sizeof(sun_path)` without the NUL.
const MAX_PATH: usize = 107;

/// The socket file to remove at exit, and the process that made it: a forked child must leave it alone.
static SOCKET: Mutex<Option<(PathBuf, u32)>> = Mutex::new(None);

/// Where the socket of this process belongs.
pub(super) fn path_in(folder: &Path) -> PathBuf {
    folder
        .join(process::id().to_string())
        .with_extension(SOCKET_EXTENSION)
}

/// Binds the socket of this process in `folder`, which must be private.
pub(super) fn bind(folder: &Path) -> io::Result<UnixListener> {
    let open = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY)
        .open(folder)?;
    check_private(&open.metadata()?)?;
    // The program may be in another folder when the socket is removed.
    let path = path_in(&absolute(folder)?);
    let reachable = reachable(&path, &open.as_fd());
    remove_stale(&path, &reachable)?;

    let listener = UnixListener::bind(reachable)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    *SOCKET.lock().unwrap_or_else(PoisonError::into_inner) = Some((path, process::id()));
    static AT_EXIT: Once = Once::new();
    AT_EXIT.call_once(|| {
        // SAFETY: the function takes no arguments and only touches a static.
        unsafe { libc::atexit(remove_at_exit) };
    });
    Ok(listener)
}

/// The path itself, or a short one to the same file if it is longer than a socket address.
fn reachable(path: &Path, folder: &BorrowedFd<'_>) -> PathBuf {
    if path.as_os_str().len() <= MAX_PATH {
        return path.into();
    }
    let name = path.file_name().expect("a path made by `path_in`");
    Path::new("/proc/self/fd")
        .join(folder.as_raw_fd().to_string())
        .join(name)
}

/// Whoever can write to the folder could take the place of this process.
fn check_private(folder: &Metadata) -> io::Result<()> {
    // SAFETY: this call cannot fail and has no arguments.
    let user = unsafe { libc::geteuid() };
    if folder.mode() & 0o077 != 0 || ![0, user].contains(&folder.uid()) {
        return Err(io::Error::new(
            ErrorKind::PermissionDenied,
            "the folder is not private to this user",
        ));
    }
    Ok(())
}

/// Removes the socket of a dead process that had our process id.
fn remove_stale(path: &Path, reachable: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if !found.file_type().is_socket() => Err(ErrorKind::AlreadyExists.into()),
        Ok(_) => match UnixStream::connect(reachable) {
            Ok(_) => Err(io::Error::new(
                ErrorKind::AddrInUse,
                "another process answers there",
            )),
            Err(_) => fs::remove_file(path),
        },
    }
}

extern "C" fn remove_at_exit() {
    let Ok(socket) = SOCKET.try_lock() else { return };
    if let Some((path, _)) = socket.as_ref().filter(|(_, owner)| *owner == process::id()) {
        let _ = fs::remove_file(path);
    }
}

/// Whether the process at the other end belongs to this user, or to root.
pub(super) fn is_own_peer(stream: &UnixStream) -> bool {
    let mut peer = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut len = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open, and the buffer has the size that `len` says.
    let failed = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut len,
        )
    };
    // SAFETY: this call cannot fail and has no arguments.
    let user = unsafe { libc::geteuid() };
    failed == 0 && [0, user].contains(&peer.uid)
}
