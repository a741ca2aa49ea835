//! How much of its stack a thread has left.
//!
//! Code of a module runs on the stack of the thread that calls. The engine stops it at a depth that is counted from the call
//! on, so a thread with less than that left would run over the end of its stack, which ends the process.

use std::cell::Cell;

thread_local! {
    /// The lowest address of this thread's stack; 0 as long as nobody has asked.
    static LOWEST: Cell<usize> = const { Cell::new(0) };
}

/// What the host needs of the stack beside what the module may use.
const RESERVE: usize = 128 << 10;

/// Whether the thread has so much stack left, and what the host needs. The error is what it has left for modules.
pub(super) fn check(needed: usize) -> Result<(), usize> {
    let here = &raw const needed as usize;
    let lowest = LOWEST.get();
    let lowest = if lowest == 0 { lowest_address() } else { lowest };
    LOWEST.set(lowest);
    // A thread on a stack that it made itself is below or far above; nothing is known of that one.
    match here.checked_sub(lowest) {
        Some(left) if left < needed.saturating_add(RESERVE) => Err(left.saturating_sub(RESERVE)),
        _ => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn lowest_address() -> usize {
    let mut lowest = std::ptr::null_mut();
    let mut size = 0;
    let mut guard = 0;
    // SAFETY: the attributes are made by the first call and given back by the last; all places are valid for writes.
    unsafe {
        let mut attributes = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) != 0 {
            return 1;
        }
        libc::pthread_attr_getstack(&attributes, &mut lowest, &mut size);
        libc::pthread_attr_getguardsize(&attributes, &mut guard);
        libc::pthread_attr_destroy(&mut attributes);
    }
    lowest as usize + guard
}

#[cfg(not(target_os = "linux"))]
fn lowest_address() -> usize {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_knows_what_it_has_left() {
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let results = thread
            .spawn(|| (check(512 << 10), check(2 << 20)))
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(results.0, Ok(()));
        let left = results.1.unwrap_err();
        assert!((512 << 10..1 << 20).contains(&left), "{left}");
    }
}
