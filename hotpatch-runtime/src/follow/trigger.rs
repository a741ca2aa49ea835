//! What makes a thread look.

use std::future::Future;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::policy::Policy;
use crate::changed::{Changed, changed};
use crate::platform::{Bell, Changes, Signal, wait_for};

/// How long to wait before what could not be watched is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// What a thread waits for.
pub(super) enum Trigger {
    Changes(Changes, Commits),
    Signal(Signal),
    Timer(Duration),
}

/// What becomes live, whoever does it: another patch may have waited for it.
pub(super) struct Commits {
    next: Option<Changed>,
    bell: Arc<Bell>,
}

impl Commits {
    fn new() -> io::Result<Self> {
        Ok(Self {
            next: None,
            bell: Arc::new(Bell::new()?),
        })
    }

    fn arm(&mut self) {
        self.bell.silence();
        let mut next = changed();
        let waker = Waker::from(self.bell.clone());
        if Pin::new(&mut next)
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            self.bell.ring();
        }
        self.next = Some(next);
    }
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
            Policy::OnChange => Self::Changes(Changes::of(path)?, Commits::new()?),
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
            Self::Changes(changes, commits) => {
                commits.arm();
                changes.arm()
            }
            Self::Signal(signal) => {
                signal.drain();
                Ok(())
            }
            Self::Timer(_) => Ok(()),
        }
    }

    /// Waits for a reason to look, or to stop.
    pub(super) fn wait(&mut self, stop: &Bell, armed: &io::Result<()>) -> io::Result<Reason> {
        loop {
            let (source, other, timeout) = match &*self {
                Self::Changes(changes, commits) => (
                    Some(changes.as_fd()),
                    Some(commits.bell.as_fd()),
                    armed.is_err().then_some(PAUSE),
                ),
                Self::Signal(signal) => (Some(signal.as_fd()), None, None),
                Self::Timer(interval) => (None, None, Some(*interval)),
            };
            let [stopped, is_ready, is_rung] = wait_for([Some(stop.as_fd()), source, other], timeout)?;
            if stopped {
                return Ok(Reason::Stop);
            }
            let matters = match self {
                Self::Changes(changes, _) if is_ready => changes.take()? || is_rung,
                _ => true,
            };
            if matters {
                return Ok(Reason::Look);
            }
        }
    }
}
