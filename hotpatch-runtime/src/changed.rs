//! Waiting for the next generation, with a thread or in a future.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Waits for a generation that comes after this call.
///
/// ```no_run
/// # async fn example() {
/// let generation = hotpatch_runtime::changed().await;
/// # }
/// hotpatch_runtime::changed().wait(); // or with a thread
/// ```
///
/// A program that is built without patching waits forever.
pub fn changed() -> Changed {
    Changed {
        seen: crate::generation(),
        waker: None,
    }
}

/// A generation that is to come: a future of its number, and a way to block until then. See [`changed`].
#[derive(Debug)]
#[must_use = "it does nothing unless it is waited for"]
pub struct Changed {
    seen: u64,
    /// The number of its waker.
    waker: Option<u64>,
}

/// Those who wait.
struct Waiting {
    /// The newest generation that was told.
    generation: u64,
    wakers: Vec<(u64, Waker)>,
    next: u64,
}

static WAITING: Mutex<Waiting> = Mutex::new(Waiting {
    generation: 0,
    wakers: Vec::new(),
    next: 0,
});
static CHANGED: Condvar = Condvar::new();

fn waiting() -> MutexGuard<'static, Waiting> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A generation is live.
#[cfg(feature = "live")]
pub(crate) fn tell(generation: u64) {
    let wakers = {
        let mut waiting = waiting();
        // Two may come at once, in any order.
        waiting.generation = waiting.generation.max(generation);
        std::mem::take(&mut waiting.wakers)
    };
    CHANGED.notify_all();
    crate::control::wake();
    // Without the lock: a waker may poll at once.
    for (_, waker) in wakers {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| waker.wake()));
    }
}

impl Changed {
    /// Blocks the thread until then. Returns the number of the generation.
    pub fn wait(self) -> u64 {
        let waiting = CHANGED.wait_while(waiting(), |waiting| waiting.generation <= self.seen);
        waiting.unwrap_or_else(PoisonError::into_inner).generation
    }

    /// Blocks the thread until then, but not longer than `timeout`; `None` if nothing came.
    pub fn wait_timeout(self, timeout: Duration) -> Option<u64> {
        let end = Instant::now().checked_add(timeout)?;
        let mut waiting = waiting();
        while waiting.generation <= self.seen {
            let left = end.checked_duration_since(Instant::now())?;
            let waited = CHANGED.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(waiting.generation)
    }
}

impl Future for Changed {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64> {
        let mut waiting = waiting();
        if waiting.generation > self.seen {
            return Poll::Ready(waiting.generation);
        }
        let number = *self.waker.get_or_insert(waiting.next);
        if number == waiting.next {
            waiting.next += 1;
        }
        match waiting.wakers.iter_mut().find(|(known, _)| *known == number) {
            Some((_, waker)) => waker.clone_from(context.waker()),
            None => waiting.wakers.push((number, context.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        if let Some(number) = self.waker {
            // What is dropped here is dropped without the lock.
            let mut waiting = waiting();
            let at = waiting.wakers.iter().position(|(known, _)| *known == number);
            let waker = at.map(|at| waiting.wakers.swap_remove(at));
            drop(waiting);
            drop(waker);
        }
    }
}
