//! The atomics and fences of [`live`](crate::live) and [`presence`](crate::presence), in one place so that the loom
//! model can put its own there.

use std::sync::atomic::compiler_fence;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

pub(crate) use crate::platform::membarrier::heavy_fence;

/// Keeps the compiler from moving accesses over it. What the processor moves, [`heavy_fence`] puts right.
#[inline(always)]
pub(crate) fn light_fence() {
    compiler_fence(Ordering::SeqCst);
}
