//! The dynamic loader.

use std::error::Error;
use std::ffi::c_void;
use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL, RTLD_NOW};

/// The start of glibc's public `struct link_map`.
#[repr(C)]
struct LinkMap {
    l_addr: usize,
}

/// An object that was loaded for a patch. Dropping it unloads it.
#[derive(Debug)]
pub(crate) struct Loaded {
    library: Library,
    /// The path that the loader and debuggers know the image by.
    pub(crate) path: PathBuf,
    pub(crate) load: usize,
    /// Keeps the descriptor alive that `path` names, if the image is a private copy.
    copy: Option<File>,
}

impl Loaded {
    /// Loads the object at `path`, of which `open` is the open file. It must have no initialisers.
    ///
    /// The loader knows objects by path and by inode, and answers with the old image when either was loaded before.
    /// Such a file is loaded through a private copy in memory.
    pub(crate) fn open(path: &Path, open: &File) -> Result<Self, String> {
        if is_loaded(path) {
            let copy = copy_in_memory(open).map_err(|error| format!("it cannot be copied: {error}"))?;
            let path = PathBuf::from(format!("/proc/self/fd/{}", copy.as_raw_fd()));
            Self::load(path, Some(copy))
        } else {
            Self::load(path.into(), None)
        }
    }

    fn load(path: PathBuf, copy: Option<File>) -> Result<Self, String> {
        // SAFETY: the object has no initialisers and no finalisers, so loading it runs none of its code.
        let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) }.map_err(|error| {
            // What the loader itself says is the source of what libloading says.
            error
                .source()
                .map_or_else(|| error.to_string(), |said| said.to_string())
        })?;
        let handle = library.into_raw();
        let mut map: *const LinkMap = std::ptr::null();
        // SAFETY: the handle is live, and this request writes one pointer.
        let failed =
            unsafe { libc::dlinfo(handle, libc::RTLD_DI_LINKMAP, (&raw mut map).cast::<c_void>()) } != 0;
        // SAFETY: the handle came from `into_raw` and is given back once.
        let library = unsafe { Library::from_raw(handle) };
        if failed {
            return Err("the loader does not say where it lies".into());
        }
        // SAFETY: the loader's record lives as long as the library is open.
        let load = unsafe { (*map).l_addr };
        Ok(Self {
            library,
            path,
            load,
            copy,
        })
    }

    /// Makes the image resident: it is never unloaded.
    pub(crate) fn keep(self) -> (PathBuf, usize) {
        let _ = self.library.into_raw();
        std::mem::forget(self.copy);
        (self.path, self.load)
    }
}

/// Whether the loader would answer a request for `path` with an object that it has already.
fn is_loaded(path: &Path) -> bool {
    // SAFETY: `RTLD_NOLOAD` loads nothing, so no initialiser runs; the handle is closed again at once.
    unsafe { Library::open(Some(path), RTLD_LAZY | libc::RTLD_NOLOAD) }.is_ok()
}

fn copy_in_memory(mut file: &File) -> io::Result<File> {
    // SAFETY: the name is a C string.
    let copy = unsafe { libc::memfd_create(c"hotpatch".as_ptr(), libc::MFD_CLOEXEC) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and ours.
    let mut copy = unsafe { File::from_raw_fd(copy) };
    file.rewind()?;
    io::copy(&mut file, &mut copy)?;
    Ok(copy)
}
