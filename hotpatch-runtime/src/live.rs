//! The one pointer that decides what code runs.
//!
//! Owns the publication protocol, generic over what is published so that the loom model runs this very code.
//!
//! # Orderings
//!
//! [`Live::replace`] swaps the pointer with Release: what was written into the new value happens before the swap.
//! [`Live::get`] loads it with Acquire: it pairs with that swap, so a reader sees a whole value, and every reader sees
//! the values in the order of their publication, because all of it goes through one atomic.
//! A reader is pinned while it uses a value. The value that a swap removes is given to the epoch only after the swap,
//! so a thread that pins later cannot load it any more, and one that pinned earlier holds the epoch back.

use crossbeam_epoch::Guard;

use crate::sync::{AtomicPtr, Ordering};

/// A published value.
pub(crate) struct Live<T>(pub(crate) AtomicPtr<T>);

impl<T> Live<T> {
    /// The value that is live now.
    ///
    /// It may be used for as long as the thread stays pinned.
    #[inline(always)]
    pub(crate) fn get(&self) -> *const T {
        // Acquire: pairs with the Release in `replace`.
        self.0.load(Ordering::Acquire)
    }

    /// Makes `next` the live value, and gives the old one to `reclaim` when nobody can use it any more.
    ///
    /// # Safety
    ///
    /// - `next` is valid, and nobody changes or frees it until it is replaced in turn.
    /// - Readers are pinned in the collector of `guard` while they use a value, or `reclaim` knows of them.
    /// - `reclaim` may be called with the old value, on any thread.
    pub(crate) unsafe fn replace(&self, guard: &Guard, next: *mut T, reclaim: unsafe fn(*mut T)) {
        // Release: pairs with the Acquire in `get`. Acquire: the old value was written by an earlier `replace`, and
        // `reclaim` reads it.
        let old = self.0.swap(next, Ordering::AcqRel);
        // SAFETY: `old` is no longer reachable, readers that have it are pinned, and the caller allows `reclaim` on
        // any thread.
        unsafe { guard.defer_unchecked(move || reclaim(old)) };
        guard.flush();
    }
}
