//! Threads as the kernel knows them.

use std::mem::MaybeUninit;
use std::{fs, ptr};

/// What a thread does to itself, for example in an event callback. Blocked, it would end the process past its handler.
const FAULTS: [libc::c_int; 6] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Runs `spawn` with all signals blocked but those: the thread that it starts inherits that. Signals that are sent to the
/// process go to the threads of the program, which know what to do with them.
pub(crate) fn without_signals<R>(spawn: impl FnOnce() -> R) -> R {
    let mut all = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    // SAFETY: `sigfillset` makes a whole set, which the next calls use; all write only where they are told to.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        for signal in FAULTS {
            libc::sigdelset(all.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    let result = spawn();
    // SAFETY: the call above has written the mask that was in force before.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    result
}

/// The number of this thread.
pub(crate) fn thread_id() -> u32 {
    // SAFETY: the call has no preconditions.
    unsafe { libc::gettid() }.unsigned_abs()
}

/// The name that a thread of this process has, as far as the kernel keeps it: 15 bytes.
pub(crate) fn thread_name(id: u32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/self/task/{id}/comm")).ok()?;
    Some(name.trim_end().into())
}
