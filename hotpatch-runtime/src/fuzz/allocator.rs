//! Counts what each thread allocates, so that a target can tell memory out of proportion to its input.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Without a destructor it can be reached for as long as the thread runs.
        ALLOCATED.set(ALLOCATED.get().saturating_add(layout.size()));
        // SAFETY: promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: promised by the caller; it came from `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs `read` on `input`. All that it allocates, freed again or not, must stay in proportion.
pub(super) fn in_proportion<R>(input: &[u8], read: impl FnOnce() -> R) -> R {
    /// A string of four bytes of input takes 24, and a list that grows has been as large again before.
    const FACTOR: usize = 32;
    const FREE: usize = 4096;
    let before = ALLOCATED.get();
    let result = read();
    let allocated = ALLOCATED.get() - before;
    assert!(
        allocated <= input.len() * FACTOR + FREE,
        "{allocated} bytes allocated for an input of {}",
        input.len()
    );
    result
}
