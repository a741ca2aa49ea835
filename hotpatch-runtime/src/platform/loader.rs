//! The dynamic loader.

use std::error::Error;
use std::ffi::{CStr, c_int, c_void};
use std::fs::File;
use std::io::{self, Seek};
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::slice;

use libc::dl_phdr_info;
use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL, RTLD_NOW};

use super::descriptor::off_standard_streams;
use super::elf::Segments;

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
    _copy: Option<File>,
}

impl Loaded {
    /// Loads the object at the absolute `path`, of which `open` is the open file. It must have no initialisers.
    ///
    /// The loader knows objects by path and by inode, and answers with the old image when either was loaded before;
    /// and it replaces words like `$ORIGIN`. Such a file is loaded through a private copy in memory.
    pub(crate) fn open(path: &Path, open: &File) -> Result<Self, String> {
        if !path.as_os_str().as_bytes().contains(&b'$') && !is_loaded(path) {
            return Self::load(path.into(), None);
        }
        let copy = copy_in_memory(open).map_err(|error| format!("it cannot be copied: {error}"))?;
        Self::open_copy(copy)
    }

    /// Loads a private copy in memory. It must have no initialisers, or those of a module.
    pub(crate) fn open_copy(copy: File) -> Result<Self, String> {
        let (path, copy) =
            under_a_new_path(copy).map_err(|error| format!("its copy cannot be named: {error}"))?;
        Self::load(path, Some(copy))
    }

    /// Loads an object by a path that the loader does not know.
    pub(super) fn load(path: PathBuf, copy: Option<File>) -> Result<Self, String> {
        // SAFETY: the object has no initialisers and no finalisers, so loading it runs none of its code; for those of a
        // module its host answers.
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
            _copy: copy,
        })
    }

    /// What the loader finds under a name, in this object or in one that it needs.
    pub(crate) fn symbol(&self, name: &CStr) -> Option<usize> {
        // SAFETY: nothing is done with what lies there.
        let symbol = unsafe { self.library.get::<*const c_void>(name.to_bytes_with_nul()) };
        symbol.ok().map(|symbol| symbol.into_raw().addr())
    }

    /// Whether the image that was loaded has these segments.
    pub(crate) fn has_segments_of(&self, expected: &Segments) -> bool {
        self.segments() == *expected
    }

    /// The segments of the image.
    pub(crate) fn segments(&self) -> Segments {
        let mut found = (self.load, Segments::default());
        // SAFETY: `read_at` treats its argument as the pair that it is, only during this call.
        unsafe { libc::dl_iterate_phdr(Some(read_at), (&raw mut found).cast()) };
        found.1
    }
}

/// Reads the segments of the object that lies at an address, and stops.
unsafe extern "C" fn read_at(info: *mut dl_phdr_info, _: usize, found: *mut c_void) -> c_int {
    // SAFETY: the loader passes a valid record, and `segments` passes its pair.
    let (info, (load, segments)) = unsafe { (&*info, &mut *found.cast::<(usize, Segments)>()) };
    if info.dlpi_addr as usize != *load {
        return 0;
    }
    // SAFETY: the loader reports as many program headers as there are.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    for header in headers {
        segments.add(header.p_type, header.p_flags, header.p_vaddr, header.p_memsz);
    }
    1
}

/// Whether the loader would answer a request for `path` with an object that it has already.
fn is_loaded(path: &Path) -> bool {
    // SAFETY: `RTLD_NOLOAD` loads nothing, so no initialiser runs; the handle is closed again at once.
    unsafe { Library::open(Some(path), RTLD_LAZY | libc::RTLD_NOLOAD) }.is_ok()
}

/// Copies a file to memory, where nobody else can change it.
pub(crate) fn copy_in_memory(mut file: &File) -> io::Result<File> {
    let mut copy = empty_in_memory()?;
    file.rewind()?;
    io::copy(&mut file, &mut copy)?;
    Ok(copy)
}

/// An empty file in memory.
pub(super) fn empty_in_memory() -> io::Result<File> {
    // SAFETY: the name is a C string.
    let copy = unsafe { libc::memfd_create(c"hotpatch".as_ptr(), libc::MFD_CLOEXEC) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and ours.
    let copy = unsafe { OwnedFd::from_raw_fd(copy) };
    Ok(File::from(off_standard_streams(copy)?))
}

/// A path of a copy that the loader does not know.
fn under_a_new_path(mut copy: File) -> io::Result<(PathBuf, File)> {
    // The loader remembers the descriptors of earlier copies, also of those that the program has closed since.
    let mut taken = Vec::new();
    loop {
        let path = PathBuf::from(format!("/proc/self/fd/{}", copy.as_raw_fd()));
        if !is_loaded(&path) {
            return Ok((path, copy));
        }
        let next = copy.try_clone()?;
        taken.push(mem::replace(&mut copy, next));
    }
}
