//! A patch image that is part of the process.

use std::path::PathBuf;

use hotpatch_abi::manifest::PatchId;

use crate::platform::{Access, Loaded, Segments};

/// An image whose patch was committed. It stays for as long as the process runs: a `&'static str`, a vtable or a fn
/// pointer of it may have escaped into the heap.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) patch: PatchId,
    pub(crate) path: PathBuf,
    /// The load address.
    pub(crate) load: usize,
    pub(crate) segments: Segments,
}

impl Image {
    /// Makes a loaded patch part of the process.
    pub(crate) fn keep(patch: PatchId, loaded: Loaded, segments: &Segments) -> &'static Self {
        let (path, load) = loaded.keep();
        Box::leak(Box::new(Self {
            patch,
            path,
            load,
            segments: segments.clone(),
        }))
    }

    /// Whether `address` lies in this image.
    pub(crate) fn contains(&self, address: usize) -> bool {
        self.segments
            .allow(address.wrapping_sub(self.load) as u64, 1, Access::Refer)
    }
}
