//! What the interpreter counts.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};

static LINES: AtomicI64 = AtomicI64::new(0);
static mut DEEPEST: Deepest = Deepest { depth: 0, seen: 0 };

thread_local! {
    static STEPS: Cell<i64> = const { Cell::new(1000) };
}

/// The deepest call so far.
#[derive(Clone, Copy)]
struct Deepest {
    depth: u32,
    seen: u32,
}

pub fn count_line() {
    LINES.fetch_add(1, Ordering::Relaxed);
}

pub fn count_step(depth: u32) {
    STEPS.set(STEPS.get() + 1);
    // SAFETY: the interpreter has one thread, and nobody keeps a reference.
    unsafe {
        if depth >= DEEPEST.depth {
            DEEPEST = Deepest {
                depth,
                seen: DEEPEST.seen,
            };
        }
    }
}

pub fn describe() -> String {
    // SAFETY: as above.
    let deepest = unsafe { DEEPEST };
    format!(
        "{} {} {} {}",
        LINES.load(Ordering::Relaxed),
        STEPS.get(),
        deepest.depth,
        deepest.seen
    )
}
