//! Ends a running replay from another thread: the program has exited, nobody waits for its next patch.

use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// The handle. Clones are about the same replays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    child: Option<Pid>,
    requested: bool,
}

impl Interrupt {
    /// Ends the running replay, and every later one as soon as it starts.
    pub(crate) fn request(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.requested = true;
        kill(state.child);
    }

    /// Lets replays run again.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requested = false;
    }

    /// Whether an end was requested.
    pub(crate) fn is_requested(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).requested
    }

    /// Names the process to end, which leads its own process group, until the guard is dropped.
    ///
    /// The guard must be dropped before the process id can be given to another process: at the latest with the last
    /// use of `child`.
    pub(crate) fn running(&self, child: &Child) -> impl Drop + use<> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.child = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if state.requested {
            kill(state.child);
        }
        Running(self.clone())
    }
}

struct Running(Interrupt);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).child = None;
    }
}

fn kill(group: Option<Pid>) {
    if let Some(group) = group {
        // It may have ended by itself.
        let _ = kill_process_group(group, Signal::KILL);
    }
}
