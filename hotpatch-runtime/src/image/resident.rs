//! A patch image that is part of the process.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hotpatch_abi::manifest::PatchId;

use super::uses::Uses;
use crate::platform::{Access, Loaded, Segments};

/// Tells an image from all others that the process has or had: a patch may be loaded again after its image was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ImageId(u64);

/// The image of a patch. Dropping it closes it: whoever may reach something in it keeps it alive.
pub(crate) struct Image {
    pub(crate) id: ImageId,
    pub(crate) patch: PatchId,
    pub(crate) path: PathBuf,
    /// The load address.
    pub(crate) load: usize,
    pub(crate) segments: Segments,
    /// The images that this one was bound to.
    pub(crate) needs: Vec<Arc<Image>>,
    pub(crate) uses: Uses,
    /// Closes the image when it is dropped.
    _loaded: Loaded,
}

/// Every image of the process, in the order in which they were loaded: those of the live table, and those that wait for
/// being closed.
static MAPPED: Mutex<Vec<Arc<Image>>> = Mutex::new(Vec::new());

impl Image {
    /// A loaded patch that is bound to `needs`, shown as the file at `path`.
    pub(crate) fn new(
        patch: PatchId,
        path: PathBuf,
        loaded: Loaded,
        segments: &Segments,
        needs: Vec<Arc<Self>>,
    ) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            // Relaxed: only the number counts.
            id: ImageId(NEXT.fetch_add(1, Ordering::Relaxed)),
            patch,
            path,
            load: loaded.load,
            segments: segments.clone(),
            needs,
            uses: Uses::of_new_image(),
            _loaded: loaded,
        })
    }

    /// Whether `address` lies in this image.
    pub(crate) fn contains(&self, address: usize) -> bool {
        self.segments
            .allow(address.wrapping_sub(self.load) as u64, 1, Access::Refer)
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("patch", &self.patch)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The images of the process.
pub(crate) fn mapped() -> MutexGuard<'static, Vec<Arc<Image>>> {
    MAPPED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether nobody is at the list.
pub(crate) fn is_free() -> bool {
    MAPPED.try_lock().is_ok()
}
