//! Waiting, before a commit, until no call of the functions that it switches is running.
//!
//! While draining is on, scopes are tracked: the way into a hot function leads past [`step_inside`], which notes where the
//! thread is. A commit closes the door of the functions that it switches: threads that are inside one of them may go on
//! and leave, threads that are not wait outside. When nobody is inside any more, the commit switches the functions and
//! opens the door. Without draining no thread is tracked and none waits.

mod door;
mod setting;
mod track;
mod wait;

pub(crate) use door::{CONSISTENT, STATE, step_inside};
pub use setting::drain;
pub(crate) use setting::is_on;
pub(crate) use wait::{Affected, Drained, Values, wait};

/// Whether nobody is at what a drained commit needs.
pub(crate) fn is_free() -> bool {
    door::is_free() && setting::is_free()
}

/// In a forked child: nobody else is inside anything, and the door is open.
pub(crate) fn alone_in_child() {
    door::open_in_child();
    track::alone_in_child();
}
