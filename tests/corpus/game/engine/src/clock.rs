//! The clock of the game.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

static FRAMES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static PACE: Cell<u32> = const { Cell::new(60) };
}

/// A frame begins.
#[inline(never)]
pub fn begin() -> u64 {
    FRAMES.fetch_add(1, Ordering::Relaxed)
}

pub fn frames() -> u64 {
    FRAMES.load(Ordering::Relaxed)
}

pub fn pace() -> u32 {
    PACE.get()
}
