//! Whether commits wait, and which calls are not tracked because they began before.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fork;
use crate::presence::Inside;
use crate::report::Drain;
use crate::scope::{self, Since};

/// Whether new scopes are tracked.
static ON: AtomicBool = AtomicBool::new(false);

struct Setting {
    drain: Drain,
    before: Before,
}

static SETTING: Mutex<Option<Setting>> = Mutex::new(None);

/// The scopes that were open when tracking began.
struct Before {
    /// `None` if that could not be told.
    announced: Option<Vec<Inside>>,
    others: Since,
}

/// Whether a scope that opens now is tracked.
///
/// Relaxed: a thread asks after it has announced its scope, and whoever turns tracking on puts a fence into all threads
/// before it asks which scopes are open. Either it sees the scope, or the scope sees that tracking is on.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Has commits and roll-backs wait from now on until the running calls of the functions that they switch have ended, or
/// takes that back with `None`. By default they do not wait, and no call waits for them.
///
/// Meanwhile calls of these functions that come from outside wait for the commit, at the entrance of the function; so no
/// call runs old code of them once the commit is done. The thread that applies the patch is not waited for. A
/// [`consistent`](crate::consistent) closure counts as a call of all functions. A future is inside only while it is polled,
/// if a hot function or a [`call`](crate::call) polls it.
///
/// While draining is on, a hot function costs some ten nanoseconds more. If it is called in a signal handler or by the global
/// allocator, it may come to the door while its thread holds what the commit needs: then it waits until the time is over,
/// and goes in. A thread that applies a patch inside a function that another thread's patch changes cannot leave it before
/// that one is decided, so that commit times out.
///
/// ```
/// use std::time::Duration;
///
/// use hotpatch_runtime::{Drain, OnTimeout, drain};
///
/// drain(Drain { timeout: Duration::from_secs(5), on_timeout: OnTimeout::Refuse });
/// # drain(None);
/// ```
pub fn drain(drain: impl Into<Option<Drain>>) {
    let mut setting = lock();
    let Some(drain) = drain.into() else {
        ON.store(false, Ordering::Relaxed);
        *setting = None;
        return;
    };
    match &mut *setting {
        Some(setting) => setting.drain = drain,
        None => {
            fork::note();
            ON.store(true, Ordering::Relaxed);
            let (announced, others) = scope::open_now();
            let before = Before { announced, others };
            *setting = Some(Setting { drain, before });
        }
    }
}

/// What is set now.
pub(super) fn get() -> Option<Drain> {
    lock().as_ref().map(|setting| setting.drain)
}

/// The threads whose scopes began before tracking did, and are still open. `None` for a thread that cannot be told.
pub(super) fn untracked() -> Vec<Option<u32>> {
    let mut setting = lock();
    let Some(Setting { before, .. }) = &mut *setting else {
        return Vec::new();
    };
    let Some(announced) = &mut before.announced else {
        before.announced = scope::open_now().0;
        return vec![None];
    };
    announced.retain(|scope| !scope.is_over());
    let announced = announced.iter().map(|scope| Some(scope.thread()));
    let others = (!before.others.is_over()).then_some(None);
    announced.chain(others).collect()
}

pub(super) fn is_free() -> bool {
    SETTING.try_lock().is_ok()
}

fn lock() -> MutexGuard<'static, Option<Setting>> {
    SETTING.lock().unwrap_or_else(PoisonError::into_inner)
}
