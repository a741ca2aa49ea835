//! The part of a module's memory where the host puts input, and finds output.
//!
//! The host adds pages to the memory for it, which allocators of modules take as taken: they own what they asked for. A
//! module that cannot have that exports `hotpatch_alloc`. Nothing of it is trusted when it is read again.

use super::guest::{Guest, enter};
use super::image::PAGE;
use super::stop::{Denied, Stop};

/// The alignment of the area, and the most that anything in it can have.
pub(super) const ALIGN: u32 = 64;

impl Guest {
    /// A place for so many bytes, which is the same for all calls. It may hold anything. An error says why there is none.
    pub(super) fn room(&mut self, size: u32, align: u32) -> Result<u32, Stop> {
        debug_assert!(align <= ALIGN);
        if size <= self.area.1 {
            return Ok(self.area.0);
        }
        let there = self.memory.data_size(&self.store) as u64;
        // Twice as much as before, so that what is left behind is never more than what is in use.
        let wanted = u64::from(size).max(2 * u64::from(self.area.1));
        self.area = match self.alloc.clone() {
            Some(alloc) => {
                let wanted = u32::try_from(wanted).unwrap_or(size);
                let place = enter(&mut self.store, &self.limits, |store| {
                    alloc.call(store, (wanted, ALIGN))
                })?;
                let there = self.memory.data_size(&self.store) as u64;
                if place == 0 || place % ALIGN != 0 || u64::from(place) + u64::from(wanted) > there {
                    return Err(Stop::outside(format!(
                        "its `hotpatch_alloc` gave back {place:#x} for {wanted} bytes that are aligned to {ALIGN}: it has no \
                         memory left, or an error"
                    )));
                }
                (place, wanted)
            }
            None => {
                // The end of the area is the end of the memory: more of it makes the area larger.
                let ends_here = u64::from(self.area.0) + u64::from(self.area.1) == there && self.area.1 > 0;
                let begin = if ends_here { u64::from(self.area.0) } else { there };
                let pages = (begin + wanted - there).div_ceil(PAGE);
                self.memory.grow(&mut self.store, pages).map_err(|error| {
                    Stop::outside(format!(
                        "{size} bytes of input and output have no room beside its {there} bytes of memory, {}",
                        why(&error)
                    ))
                })?;
                let size = there + pages * PAGE - begin;
                (begin as u32, u32::try_from(size).unwrap_or(u32::MAX))
            }
        };
        Ok(self.area.0)
    }
}

fn why(error: &wasmtime::Error) -> String {
    match error.downcast_ref::<Denied>() {
        Some(Denied::Memory { limit, .. }) => {
            format!(
                "and its limit is {limit}: let it have more with `Limits::memory`, or hand over less at a time"
            )
        }
        _ => "and it declares that it never has more: raise its maximum, or export `hotpatch_alloc`".into(),
    }
}
