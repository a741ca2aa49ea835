//! The door of the functions that a commit is about to switch.
//!
//! # Orderings
//!
//! A thread notes that it is inside a function and then looks whether the door is closed. A commit closes the door and then
//! looks who is inside. All four accesses are SeqCst, so at least one of the two sees the other: a thread that the commit
//! did not see finds the door closed, steps back and waits.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};

use super::setting;
use super::track::{self, Inside};

/// Stands for the closure of [`consistent`](crate::consistent), which is a call of all functions.
pub(crate) const CONSISTENT: usize = usize::MAX;

static IS_CLOSED: AtomicBool = AtomicBool::new(false);
/// The functions behind the door, while it is closed.
static BEHIND: Mutex<Option<Arc<HashSet<usize>>>> = Mutex::new(None);
static OPENED: Condvar = Condvar::new();

/// The door of some functions, closed until the value is dropped.
pub(crate) struct Closed(Arc<HashSet<usize>>);

fn behind() -> MutexGuard<'static, Option<Arc<HashSet<usize>>>> {
    BEHIND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the door in every forked child: the thread that would open it is not part of it.
pub(super) fn open_in_children() {
    unsafe extern "C" fn in_child() {
        // SeqCst as everywhere; a child begins with one thread.
        IS_CLOSED.store(false, Ordering::SeqCst);
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler does only what may be done in a forked child.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

/// Whether nobody is at what a drained commit needs.
pub(crate) fn is_free() -> bool {
    BEHIND.try_lock().is_ok_and(|behind| behind.is_none()) && track::is_free() && setting::is_free()
}

fn is_behind(functions: &HashSet<usize>, function: usize) -> bool {
    function == CONSISTENT || functions.contains(&function)
}

impl Closed {
    pub(super) fn close(functions: HashSet<usize>) -> Self {
        let functions = Arc::new(functions);
        *behind() = Some(functions.clone());
        // SeqCst: see the header.
        IS_CLOSED.store(true, Ordering::SeqCst);
        Self(functions)
    }

    /// Whether a call of `function` runs code that is about to be switched.
    pub(super) fn is_behind(&self, function: usize) -> bool {
        is_behind(&self.0, function)
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        IS_CLOSED.store(false, Ordering::SeqCst);
        *behind() = None;
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
        if !IS_CLOSED.load(Ordering::SeqCst) {
            return inside;
        }
        let mut behind = behind();
        match &*behind {
            Some(functions) if is_behind(functions, function) => {
                if inside.is_within(|function| is_behind(functions, function)) {
                    return inside;
                }
            }
            _ => return inside,
        }
        drop(inside);
        while behind.is_some() {
            behind = OPENED.wait(behind).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
