//! Ends running replays from another thread: the program has exited, nobody waits for its next patch.

use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// The handle. Clones are about the same replays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    children: Vec<Pid>,
    requested: bool,
}

impl Interrupt {
    /// Ends the running replays, and every later one as soon as it starts.
    pub(crate) fn request(&self) {
        let mut state = self.state();
        state.requested = true;
        state.children.iter().copied().for_each(kill);
    }

    /// Lets replays run again.
    pub(crate) fn clear(&self) {
        self.state().requested = false;
    }

    /// Whether an end was requested.
    pub(crate) fn is_requested(&self) -> bool {
        self.state().requested
    }

    /// Names a process to end, which leads its own process group, until the guard is dropped.
    ///
    /// The guard must be dropped before the process id can be given to another process: at the latest with the last
    /// use of `child`.
    pub(crate) fn running(&self, child: &Child) -> Guard {
        let mut state = self.state();
        let child = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        state.children.extend(child);
        if state.requested {
            child.into_iter().for_each(kill);
        }
        Guard(self.clone(), child)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process that is ended with the others, until this is dropped.
#[derive(Debug)]
pub(crate) struct Guard(Interrupt, Option<Pid>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.state().children.retain(|child| Some(*child) != self.1);
    }
}

fn kill(group: Pid) {
    // It may have ended by itself.
    let _ = kill_process_group(group, Signal::KILL);
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

    use super::*;

    #[test]
    fn all_that_run_are_ended_and_later_ones_at_once() {
        let start = || Command::new("sleep").arg("300").process_group(0).spawn().unwrap();
        let interrupt = Interrupt::default();
        let mut children = [start(), start()];
        let guards = children.each_ref().map(|child| interrupt.running(child));
        interrupt.request();
        for child in &mut children {
            assert_eq!(child.wait().unwrap().signal(), Some(9));
        }
        drop(guards);
        let mut later = start();
        let _guard = interrupt.running(&later);
        assert_eq!(later.wait().unwrap().signal(), Some(9));
    }
}
