//! The door of the functions that a commit is about to switch.
//!
//! # Orderings
//!
//! A thread notes that it is inside a function and then looks whether the door is closed. A commit closes the door and then
//! looks who is inside. All of these accesses are SeqCst, so at least one of the two sees the other: a thread that the
//! commit did not see finds the door closed, steps back and waits.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::track::Inside;

/// Stands for the closure of [`consistent`](crate::consistent), which is a call of all functions.
pub(crate) const CONSISTENT: usize = usize::MAX;
/// Stands for the use of a [`State`](crate::State).
pub(crate) const STATE: usize = usize::MAX - 1;
/// How much longer than the commit may wait a thread waits at the door. It is only used up by a thread that waits there
/// with something that the commit itself needs: a call in a signal handler, or in the global allocator.
const GRACE: Duration = Duration::from_secs(1);

static IS_CLOSED: AtomicBool = AtomicBool::new(false);
/// The door, while it is closed.
static CLOSED: Mutex<Option<Arc<Door>>> = Mutex::new(None);
static OPENED: Condvar = Condvar::new();

thread_local! {
    /// Whether this thread is the one that has closed the door, or is at the door. It has no destructor.
    static PASSES: Cell<bool> = const { Cell::new(false) };
}

struct Door {
    functions: HashSet<usize>,
    /// When it is opened at the latest; `None` if that is not known.
    until: Option<Instant>,
}

/// A door of some functions, closed until the value is dropped.
pub(crate) struct Closed(Arc<Door>);

fn closed() -> MutexGuard<'static, Option<Arc<Door>>> {
    CLOSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether nobody is at the door.
pub(super) fn is_free() -> bool {
    CLOSED.try_lock().is_ok_and(|door| door.is_none())
}

/// In a forked child: the thread that would open the door is not part of it. Does only what may be done there.
pub(super) fn open_in_child() {
    IS_CLOSED.store(false, Ordering::SeqCst);
    PASSES.set(false);
}

impl Door {
    fn is_of(&self, function: usize) -> bool {
        function == CONSISTENT || self.functions.contains(&function)
    }
}

impl Closed {
    /// Closes the door of these functions for a commit that waits for `timeout` at most.
    pub(super) fn close(functions: HashSet<usize>, timeout: Duration) -> Self {
        let until = Instant::now().checked_add(timeout.saturating_add(GRACE));
        let door = Arc::new(Door { functions, until });
        *closed() = Some(door.clone());
        PASSES.set(true);
        // SeqCst: see the header.
        IS_CLOSED.store(true, Ordering::SeqCst);
        Self(door)
    }

    /// Whether a call of `function` runs code that is about to be switched.
    pub(super) fn is_of(&self, function: usize) -> bool {
        self.0.is_of(function)
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        IS_CLOSED.store(false, Ordering::SeqCst);
        *closed() = None;
        PASSES.set(false);
        OPENED.notify_all();
    }
}

/// Notes that the thread is inside `function`, until the value is dropped. Waits outside while the door is closed, unless
/// the thread is behind it already: it could not leave otherwise.
#[inline(never)]
pub(crate) fn step_inside(function: usize) -> Inside {
    loop {
        let inside = Inside::step(function);
        // SeqCst: see the header.
        if !IS_CLOSED.load(Ordering::SeqCst) || PASSES.replace(true) {
            return inside;
        }
        // From here on a signal handler on this thread passes: it must not come to the lock a second time.
        let inside = wait_outside(inside, function);
        PASSES.set(false);
        if let Some(inside) = inside {
            return inside;
        }
    }
}

/// Gives `inside` back if the thread may go in. Otherwise it has waited, and looks again.
fn wait_outside(inside: Inside, function: usize) -> Option<Inside> {
    let mut now = closed();
    let door = match &*now {
        Some(door) if door.is_of(function) && !inside.is_within(|function| door.is_of(function)) => {
            door.clone()
        }
        _ => return Some(inside),
    };
    drop(inside);
    // Another door may have been closed meanwhile, and this thread may be inside something behind that one.
    while now.as_ref().is_some_and(|now| Arc::ptr_eq(now, &door)) {
        now = match door
            .until
            .map(|until| until.saturating_duration_since(Instant::now()))
        {
            None => OPENED.wait(now).unwrap_or_else(PoisonError::into_inner),
            Some(Duration::ZERO) => return Some(Inside::step(function)),
            Some(left) => {
                OPENED
                    .wait_timeout(now, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
    }
    None
}
