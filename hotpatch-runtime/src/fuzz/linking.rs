//! The headers of a patch image, and the places that its manifest names.

use std::alloc::Layout as Memory;
use std::slice;

use hotpatch_abi::manifest::Manifest;

use super::allocator::in_proportion;
use crate::image::Plan;
use crate::platform::{Access, Layout, Segments};
use crate::row_list::RowList;

/// The memory of an image that is bound on trial.
const LARGEST: u64 = 1 << 20;
const PAGE: usize = 4096;
/// What an image is filled with.
const UNTOUCHED: u8 = 0xaa;

/// The headers of an object. What was read answers all questions.
pub fn layout(bytes: &[u8]) {
    let Some(layout) = in_proportion(bytes, || Layout::read(bytes)) else {
        return;
    };
    let len = layout.segments.mapped_len();
    assert!(len.is_multiple_of(PAGE as u64));
    for offset in [0, 1, bytes.len() as u64, len, u64::MAX - 7, u64::MAX] {
        for access in [Access::Refer, Access::Write, Access::Execute] {
            let _ = layout.segments.allow(offset, 8, access);
        }
        let executable = layout.segments.allow(offset, 0, Access::Execute);
        assert!(!executable || layout.segments.allow(offset, 0, Access::Refer));
    }
}

/// The plan of a patch: two bytes for the length of the manifest, the manifest, the headers of the object. A plan that
/// passes the check writes into the data of its image and nowhere else.
pub fn plan(bytes: &[u8]) {
    let Some((len, rest)) = bytes.split_first_chunk::<2>() else {
        return;
    };
    let Some((manifest, object)) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len))) else {
        return;
    };
    let Ok(manifest) = Manifest::decode(manifest) else {
        return;
    };
    let Some(layout) = Layout::read(object) else {
        return;
    };
    let checked = in_proportion(bytes, || Plan::check(&manifest, &layout, &[]));
    if let Ok(plan) = checked
        && let Some(image) = Trial::of(&layout.segments)
    {
        let _ = plan.entries(image.load(), &RowList::EMPTY);
        // SAFETY: the memory is as long as the segments of the patch, and nobody else refers to it.
        unsafe { plan.bind(image.load()) };
        image.check(&layout.segments);
    }
}

/// Memory in the place of an image.
struct Trial {
    start: *mut u8,
    memory: Memory,
}

impl Trial {
    /// `None` if it would be too large.
    fn of(segments: &Segments) -> Option<Self> {
        let end = segments.end().filter(|end| (1..=LARGEST).contains(end))?;
        let memory = Memory::from_size_align(usize::try_from(end).ok()?, PAGE).ok()?;
        // SAFETY: the size is not zero.
        let start = unsafe { std::alloc::alloc(memory) };
        assert!(!start.is_null());
        // SAFETY: this is the memory that was allocated.
        unsafe { start.write_bytes(UNTOUCHED, memory.size()) };
        Some(Self { start, memory })
    }

    fn load(&self) -> usize {
        self.start.expose_provenance()
    }

    /// Nothing was written but data.
    fn check(&self, segments: &Segments) {
        // SAFETY: this is the memory that was allocated and filled.
        let bytes = unsafe { slice::from_raw_parts(self.start, self.memory.size()) };
        for (offset, byte) in bytes.iter().enumerate() {
            assert!(
                *byte == UNTOUCHED || segments.allow(offset as u64, 1, Access::Write),
                "written at {offset:#x}"
            );
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // SAFETY: allocated with this very layout.
        unsafe { std::alloc::dealloc(self.start, self.memory) };
    }
}
