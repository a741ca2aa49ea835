//! Where a thread is, as far as hosts are concerned: inside a call or a hook of a module, and with which table it stays.

use std::cell::Cell;
use std::ptr;

use hotpatch_runtime::module_host;

use crate::host::shared::Shared;
use crate::host::table::Table;

thread_local! {
    /// Whether the thread is inside a call of a module, or makes a change. It has no destructor.
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
pub(super) struct Inside {
    before: bool,
}

impl Inside {
    #[inline(always)]
    pub(super) fn enter() -> Self {
        Self {
            before: INSIDE.replace(true),
        }
    }

    /// Whether this thread is inside a call of a module, or makes a change.
    pub(super) fn is_here() -> bool {
        INSIDE.get()
    }
}

impl Drop for Inside {
    #[inline(always)]
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
