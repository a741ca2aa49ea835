//! Where a thread is, as far as hosts are concerned: inside a change or its hooks, and with which table it stays.
//!
//! A thread that is inside a native call says nothing of it: that would cost every call. Whoever wants to know looks who
//! called.

use std::cell::Cell;
use std::ptr;

use hotpatch_runtime::module_host;

use crate::host::shared::Shared;
use crate::host::table::Table;

thread_local! {
    /// Whether the thread makes a change, or is inside a call that says so. It has no destructor.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// The innermost of the tables that the thread stays with. It has no destructor either.
    static STAYS: Cell<*const Stay> = const { Cell::new(ptr::null()) };
}

/// A table of one host that a thread stays with.
struct Stay {
    host: *const Shared,
    table: *const Table,
    outer: *const Stay,
}

/// Until it is dropped, the thread is inside.
pub(crate) struct Inside {
    before: bool,
}

impl Inside {
    pub(crate) fn enter() -> Self {
        Self {
            before: INSIDE.replace(true),
        }
    }

    /// Whether this thread has said that it is inside.
    pub(super) fn is_here() -> bool {
        INSIDE.get()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}

/// The table of `host` that this thread stays with, if it does.
pub(super) fn stays_with(host: *const Shared) -> Option<*const Table> {
    let mut next = STAYS.get();
    while !next.is_null() {
        // SAFETY: they lie in frames of `stay` that are still on the stack of this thread.
        let stay = unsafe { &*next };
        if ptr::eq(stay.host, host) {
            return Some(stay.table);
        }
        next = stay.outer;
    }
    None
}

/// Runs `f`, in which calls of `host` go to what `table` says once it is asked for. It is asked for inside a scope, and must
/// stay in memory until `f` has ended.
pub(super) fn stay<R>(host: *const Shared, table: impl FnOnce() -> *const Table, f: impl FnOnce() -> R) -> R {
    /// Also when `f` panics.
    struct Restore(*const Stay);
    impl Drop for Restore {
        fn drop(&mut self) {
            STAYS.set(self.0);
        }
    }
    module_host::consistent(|| {
        let outer = STAYS.get();
        let stay = Stay {
            host,
            table: table(),
            outer,
        };
        STAYS.set(&raw const stay);
        let _restore = Restore(outer);
        f()
    })
}
