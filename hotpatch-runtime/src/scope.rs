//! The protection of a call: while a thread is in a scope, the tables it can load stay in memory.
//!
//! A scope is the whole of an outermost `hotpatch::call`, or of a hot function called outside one. It pins the thread
//! in an epoch of our own collector, so it delays nobody else's garbage. What it delays is a few kilobytes for each
//! commit that happens while it is open: a hot function that never returns costs that and nothing more. Patch images
//! stay resident whatever the scopes do.
//!
//! # Scopes that cannot pin
//!
//! Pinning and its end may allocate, and a signal may come in the middle of them. If the allocator of the program or the handler of
//! the signal calls a hot function there, its scope is counted instead, and while the count is not zero no table is
//! freed. The same goes for a thread whose locals are being destroyed, which has no participant any more.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering, compiler_fence, fence};

use crossbeam_epoch::{Collector, Guard, LocalHandle};

thread_local! {
    /// How many scopes are open on this thread. It has no destructor, so it outlives the thread's other locals.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Whether this thread is on its way into or out of its outermost scope.
    static CHANGING: Cell<bool> = const { Cell::new(false) };
    static PARTICIPANT: LocalHandle = collector().register();
}

/// How many counted scopes are open in the process.
static COUNTED: AtomicUsize = AtomicUsize::new(0);

/// Our collector. Made when the first scope opens.
fn collector() -> &'static Collector {
    static COLLECTOR: OnceLock<Collector> = OnceLock::new();
    COLLECTOR.get_or_init(Collector::new)
}

/// An open scope of this thread.
pub(crate) struct Scope {
    /// Held by the outermost scope; the ones inside rely on it.
    protection: Option<Protection>,
}

/// What keeps the tables in memory.
enum Protection {
    Pinned(#[expect(dead_code, reason = "held, not read")] Guard),
    Counted,
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
        let protection = if depth == 0 { Some(protect()) } else { None };
        DEPTH.set(depth + 1);
        Self { protection }
    }

    /// A guard of our collector, for deferring garbage.
    pub(crate) fn pin(&self) -> Guard {
        PARTICIPANT
            .try_with(LocalHandle::pin)
            .unwrap_or_else(|_| collector().register().pin())
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        if self.protection.is_some() {
            let before = CHANGING.replace(true);
            compiler_fence(Ordering::SeqCst);
            self.protection = None;
            compiler_fence(Ordering::SeqCst);
            CHANGING.set(before);
        }
    }
}

#[inline(never)]
fn protect() -> Protection {
    if !CHANGING.replace(true) {
        // A signal handler on this thread sees the flag for as long as the participant is at work.
        compiler_fence(Ordering::SeqCst);
        let guard = PARTICIPANT.try_with(LocalHandle::pin);
        compiler_fence(Ordering::SeqCst);
        CHANGING.set(false);
        if let Ok(guard) = guard {
            return Protection::Pinned(guard);
        }
    }
    // Relaxed: the fence orders it. SeqCst fence: pairs with the one in `may_free`. Either that one comes first, and we
    // load the table that replaced the one to be freed, or it sees our count.
    COUNTED.fetch_add(1, Ordering::Relaxed);
    fence(Ordering::SeqCst);
    Protection::Counted
}

impl Drop for Protection {
    fn drop(&mut self) {
        if let Self::Counted = self {
            // Release: pairs with the Acquire in `may_free`; what we read was read before it is freed.
            COUNTED.fetch_sub(1, Ordering::Release);
        }
    }
}

/// Whether tables that were replaced, and that no pinned thread uses any more, may be freed now.
pub(crate) fn may_free() -> bool {
    // SeqCst fence: pairs with the one in `protect`.
    fence(Ordering::SeqCst);
    // Acquire: pairs with the Release in the drop of a protection.
    COUNTED.load(Ordering::Acquire) == 0
}
