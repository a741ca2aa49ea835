//! The protection of a call: while a thread is in a scope, the tables it can load stay in memory.
//!
//! A scope is the whole of an outermost `hotpatch::call`, or of a hot function called outside one. It pins the thread
//! in an epoch of our own collector, so it delays nobody else's garbage. What it delays is a few kilobytes for each
//! commit that happens while it is open: a hot function that never returns costs that and nothing more. Patch images
//! stay resident whatever the scopes do.

use std::cell::Cell;
use std::sync::OnceLock;

use crossbeam_epoch::{Collector, Guard, LocalHandle};

use crate::table::Table;

thread_local! {
    /// How many scopes are open on this thread. It has no destructor, so it outlives the thread's other locals.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static PARTICIPANT: LocalHandle = collector().register();
}

/// Our collector. Made, together with the first table, when the first scope opens.
fn collector() -> &'static Collector {
    static COLLECTOR: OnceLock<Collector> = OnceLock::new();
    COLLECTOR.get_or_init(|| {
        Table::publish_first();
        Collector::new()
    })
}

/// An open scope of this thread.
pub(crate) struct Scope {
    /// Held by the outermost scope; the ones inside rely on it.
    guard: Option<Guard>,
}

impl Scope {
    /// Whether this thread is in a scope.
    #[inline(always)]
    pub(crate) fn is_open() -> bool {
        DEPTH.get() != 0
    }

    /// Opens a scope, which ends when the value is dropped.
    #[inline]
    pub(crate) fn open() -> Self {
        let depth = DEPTH.get();
        let guard = if depth == 0 { Some(pin()) } else { None };
        DEPTH.set(depth + 1);
        Self { guard }
    }

    /// A guard of our collector, for deferring garbage.
    pub(crate) fn pin(&self) -> Guard {
        pin()
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        self.guard = None;
    }
}

/// Pins this thread. A thread whose locals are being destroyed has no participant any more and takes part with one of
/// the moment, which lives until its guard is dropped.
#[inline(never)]
fn pin() -> Guard {
    PARTICIPANT
        .try_with(LocalHandle::pin)
        .unwrap_or_else(|_| collector().register().pin())
}
