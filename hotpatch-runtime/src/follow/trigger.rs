//! What makes a thread look.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use super::policy::Policy;
use crate::platform::{Changes, Signal, Wake, wait_for};

/// How long to wait before what could not be watched is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// What a thread waits for.
pub(super) enum Trigger {
    Changes(Changes),
    Signal(Signal),
    Timer(Duration),
}

/// Why a thread waits no longer.
pub(super) enum Reason {
    Look,
    Stop,
}

impl Trigger {
    /// What a policy waits for; `None` if that is nothing.
    pub(super) fn of(policy: Policy, path: &Path) -> io::Result<Option<Self>> {
        Ok(Some(match policy {
            Policy::OnChange => Self::Changes(Changes::of(path)?),
            Policy::OnSignal(signal) => Self::Signal(Signal::listen(signal)?),
            Policy::Every(interval) if interval.is_zero() => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "an interval of no time would look without a pause; take a longer one, or `Policy::OnChange`",
                ));
            }
            Policy::Every(interval) => Self::Timer(interval),
            Policy::Manual => return Ok(None),
        }))
    }

    /// Comes before a look: whatever happens after it makes another one.
    pub(super) fn arm(&mut self) -> io::Result<()> {
        match self {
            Self::Changes(changes) => changes.arm(),
            Self::Signal(signal) => {
                signal.drain();
                Ok(())
            }
            Self::Timer(_) => Ok(()),
        }
    }

    /// Waits for a reason to look, or to stop.
    pub(super) fn wait(&mut self, stop: &Wake, armed: &io::Result<()>) -> io::Result<Reason> {
        loop {
            let (source, timeout) = match &*self {
                Self::Changes(changes) => (Some(changes.as_fd()), armed.is_err().then_some(PAUSE)),
                Self::Signal(signal) => (Some(signal.as_fd()), None),
                Self::Timer(interval) => (None, Some(*interval)),
            };
            let [stopped, is_ready] = wait_for([Some(stop.as_fd()), source], timeout)?;
            if stopped {
                return Ok(Reason::Stop);
            }
            let matters = match self {
                Self::Changes(changes) if is_ready => changes.take()?,
                _ => true,
            };
            if matters {
                return Ok(Reason::Look);
            }
        }
    }
}
