//! The full fence that one thread can put into all others.

use std::sync::atomic::{AtomicU8, Ordering};

use libc::{SYS_membarrier, c_int};

// From `linux/membarrier.h`.
const MEMBARRIER_CMD_PRIVATE_EXPEDITED: c_int = 1 << 3;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED: c_int = 1 << 4;

const UNKNOWN: u8 = 0;
const AVAILABLE: u8 = 1;
const MISSING: u8 = 2;

/// Whether the kernel has it: Linux 4.14, unless a filter of system calls forbids it.
pub(crate) fn available() -> bool {
    static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);
    // Relaxed: whoever finds it unknown asks, and all get the same answer.
    let mut state = STATE.load(Ordering::Relaxed);
    if state == UNKNOWN {
        let has_it = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
        state = if has_it { AVAILABLE } else { MISSING };
        STATE.store(state, Ordering::Relaxed);
    }
    state == AVAILABLE
}

/// A full fence in this thread, and in every other one of the process at some point between the call and the return.
/// Returns `false` if the kernel does not do it any more, for example because of a filter that was put up meanwhile.
pub(crate) fn heavy_fence() -> bool {
    // A forked child may have to register again.
    membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)
        || (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
            && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED))
}

fn membarrier(command: c_int) -> bool {
    // SAFETY: reads and writes no memory of ours.
    unsafe { libc::syscall(SYS_membarrier, command, 0, 0) == 0 }
}
