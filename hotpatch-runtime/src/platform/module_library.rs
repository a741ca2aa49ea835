//! A library that is a module: loaded from a copy in memory, and read without believing what it says.

use std::ffi::CStr;
use std::fs::File;
use std::slice;

use super::elf::{Access, Segments, check_module};
use super::loader::Loaded;

/// A library that is loaded. Dropping it closes it.
#[derive(Debug)]
pub struct Library {
    loaded: Loaded,
    segments: Segments,
}

impl Library {
    /// Loads the library in `copy`, which begins with `head`. Its constructors run.
    ///
    /// # Errors
    ///
    /// Says why it cannot be loaded, in the words of the loader if it was asked.
    ///
    /// # Safety
    ///
    /// - Nobody else writes to the copy.
    /// - Constructors and destructors of the library are sound, and may run whenever.
    pub unsafe fn open(copy: File, head: &[u8]) -> Result<Self, String> {
        let len = copy
            .metadata()
            .map_err(|error| format!("its copy cannot be looked at: {error}"))?
            .len();
        check_module(head, len)?;
        let loaded = Loaded::open_copy(copy)?;
        let segments = loaded.segments();
        Ok(Self { loaded, segments })
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
        address
            .checked_sub(self.loaded.load)
            .is_some_and(|offset| self.segments.allow(offset as u64, 1, Access::Execute))
    }
}
