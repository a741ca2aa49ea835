//! Room for the thread-locals that patches add.
//!
//! The block of thread-locals of a running program cannot grow, but it can have room to spare: zeroed memory that
//! every thread has from its start. The patch linker finds it by its path, which `hotpatch-abi` names, and gives out
//! its bytes once each. Nothing in this crate reads or writes it.

use std::cell::Cell;

/// 1 KiB for each thread: some dozens of thread-locals.
const WORDS: usize = 128;

thread_local! {
    static RESERVE: [Cell<u64>; WORDS] = const { [const { Cell::new(0) }; WORDS] };
}

/// Keeps the reserve in the program. Returns where this thread has it.
#[doc(hidden)]
pub fn reserve() -> usize {
    RESERVE.with(|reserve| reserve.as_ptr() as usize)
}
