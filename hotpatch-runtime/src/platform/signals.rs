//! Signals: which thread gets them, and waking one of ours through them.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::{io, process, ptr};

use signal_hook_registry::{FORBIDDEN, SigId};

use super::poll::Bell;

/// What a thread does to itself, for example in an event callback. Blocked, it would end the process past its handler.
const FAULTS: [libc::c_int; 6] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Runs `spawn` with all signals blocked but those: the thread that it starts inherits that.
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

/// A signal that wakes a thread, after the handlers that the program has for it. It is caught from then on, also when
/// the value is dropped: what the signal does by default, it does no more.
pub(crate) struct Signal {
    id: SigId,
    bell: Arc<Bell>,
}

impl Signal {
    /// Listens for a signal.
    pub(crate) fn listen(signal: i32) -> io::Result<Self> {
        if FORBIDDEN.contains(&signal) || FAULTS.contains(&signal) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "signal {signal} is a fault or cannot be caught; take one that is sent on purpose, for example `SIGHUP`"
                ),
            ));
        }
        let bell = Arc::new(Bell::new()?);
        let (own, process) = (bell.clone(), process::id());
        let action = move || {
            // A forked child has the same descriptor, but nobody in it who listens.
            if process::id() == process {
                own.ring();
            }
        };
        // SAFETY: the action asks for the number of the process and writes to a descriptor, which a handler may do.
        let id = unsafe { signal_hook_registry::register(signal, action) }.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("signal {signal} cannot be listened for: {error}"),
            )
        })?;
        Ok(Self { id, bell })
    }

    /// Forgets the signals that came so far.
    pub(crate) fn drain(&self) {
        self.bell.silence();
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        signal_hook_registry::unregister(self.id);
    }
}
