//! A library that is a module: loaded from a copy in memory, and read without believing what it says.

use std::collections::BTreeSet;
use std::ffi::{CStr, c_void};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::callers;
use super::elf::{Access, Segments, check_module};
use super::loader::{Loaded, empty_in_memory};

/// Longer than any module.
const MOST_BYTES: u64 = 1 << 30;
/// How much of a file tells what it is.
const HEAD: usize = 4096;

/// A private copy of a file, which nobody else can change.
#[derive(Debug)]
pub struct PrivateCopy {
    file: File,
    len: u64,
    head: Vec<u8>,
}

impl PrivateCopy {
    /// Copies the file at `path`, which is a regular one.
    ///
    /// # Errors
    ///
    /// What the system says, or why it is no module.
    pub fn of(path: &Path) -> io::Result<Self> {
        // To open a pipe would wait for somebody who writes to it.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)?;
        let metadata = file.metadata()?;
        let len = metadata.len();
        if !metadata.is_file() {
            return Err(io::Error::other("it is no file"));
        } else if len > MOST_BYTES {
            return Err(io::Error::other("it has more than a gigabyte"));
        }
        let mut copy = empty_in_memory()?;
        // The kernel copies: nothing comes to this process.
        if io::copy(&mut file.take(len), &mut copy)? != len {
            return Err(io::Error::other("it became shorter while it was read"));
        }
        let mut head = vec![0; HEAD.min(len as usize)];
        copy.read_exact_at(&mut head, 0)?;
        Ok(Self {
            file: copy,
            len,
            head,
        })
    }

    /// The first bytes.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// All bytes.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.len as usize];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }
}

/// A library that is loaded. Dropping it closes it.
#[derive(Debug)]
pub struct Library {
    loaded: ManuallyDrop<Loaded>,
    segments: Segments,
    name: RawFd,
}

/// The descriptors by which the loader knows the libraries that it has. It answers a name that it knows with what it has,
/// also after the descriptor was closed, and it may keep a library that was closed.
static NAMES: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

/// The libraries that are loaded: where they lie.
static LIBRARIES: Mutex<Vec<(usize, Segments)>> = Mutex::new(Vec::new());

/// Whether code of a module has called, near or far.
pub(crate) fn is_caller() -> bool {
    // Without the lock while the unwinder asks the loader.
    let libraries = lock(&LIBRARIES).clone();
    !libraries.is_empty()
        && callers::any(&|address| {
            let mut libraries = libraries.iter();
            libraries.any(|(load, segments)| has_code(*load, segments, address))
        })
}

fn has_code(load: usize, segments: &Segments, address: usize) -> bool {
    let offset = address.checked_sub(load);
    offset.is_some_and(|offset| segments.allow(offset as u64, 1, Access::Execute))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Library {
    /// Loads the library in `copy`. Its constructors run.
    ///
    /// # Errors
    ///
    /// Says why it cannot be loaded, in the words of the loader if it was asked.
    ///
    /// # Safety
    ///
    /// Constructors and destructors of the library are sound, and may run whenever.
    pub unsafe fn open(copy: PrivateCopy) -> Result<Self, String> {
        check_module(&copy.head, copy.len)?;
        let file =
            under_a_new_name(copy.file).map_err(|error| format!("its copy cannot be named: {error}"))?;
        let name = file.as_raw_fd();
        // Nobody else writes it so, so nobody else has the loader know the name.
        let path = PathBuf::from(format!("/proc/self//fd/{name}"));
        match Loaded::load(path, Some(file)) {
            Ok(loaded) => {
                let segments = loaded.segments();
                lock(&LIBRARIES).push((loaded.load, segments.clone()));
                Ok(Self {
                    loaded: ManuallyDrop::new(loaded),
                    segments,
                    name,
                })
            }
            Err(error) => {
                lock(&NAMES).remove(&name);
                Err(error)
            }
        }
    }

    /// Where a symbol lies, if it lies in this library and not in another one that it needs.
    pub fn symbol(&self, name: &CStr) -> Option<usize> {
        let address = self.loaded.symbol(name)?;
        self.bytes(address, 1).map(|_| address)
    }

    /// The bytes at an address, if all of them can be read and belong to this library.
    pub fn bytes(&self, address: usize, len: usize) -> Option<&[u8]> {
        let offset = address.checked_sub(self.loaded.load)?;
        if !self.segments.allow(offset as u64, len as u64, Access::Read) {
            return None;
        }
        // SAFETY: the bytes lie in a segment that the loader has mapped for reading, for as long as the library is open. The
        // module promises that its manifest is constant.
        Some(unsafe { slice::from_raw_parts(address as *const u8, len) })
    }

    /// Whether there is code of this library at an address.
    pub fn is_code(&self, address: usize) -> bool {
        has_code(self.loaded.load, &self.segments, address)
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let load = self.loaded.load;
        lock(&LIBRARIES).retain(|(other, _)| *other != load);
        // SAFETY: it is not used any more.
        unsafe { ManuallyDrop::drop(&mut self.loaded) };
        // Thread-locals with destructors, and symbols that are unique in the process, keep a library.
        if !is_mapped(load) {
            lock(&NAMES).remove(&self.name);
        }
    }
}

/// Gives the copy a descriptor by which the loader knows nothing.
fn under_a_new_name(mut copy: File) -> io::Result<File> {
    let mut taken = Vec::new();
    while !lock(&NAMES).insert(copy.as_raw_fd()) {
        let next = copy.try_clone()?;
        taken.push(mem::replace(&mut copy, next));
    }
    Ok(copy)
}

/// Whether the loader has an object at an address.
fn is_mapped(address: usize) -> bool {
    let mut found = MaybeUninit::uninit();
    // SAFETY: nothing is read at the address, and what is found is written to where there is room for it.
    unsafe { libc::dladdr(address as *const c_void, found.as_mut_ptr()) != 0 }
}
