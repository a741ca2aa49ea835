//! What every function of a host goes to at one moment: a table that never changes, published with one store.
//!
//! # Orderings
//!
//! [`Live::publish`] stores the pointer with Release; [`Live::get`] loads it with Acquire, so a call sees a whole table. A call
//! is in a scope of the runtime from before it loads the pointer until it has ended, and a table that was replaced is
//! freed when the scopes that were open then are over: see `hotpatch_runtime::module_host`.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::abi::STATUS_UNAVAILABLE;
use crate::host::backend::Entry;
use crate::host::call_error::{CallErrorKind, note};

/// The index of a function in a table. Slot 0 belongs to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub(super) usize);

/// The slot of a function, as calls need it: how many bytes of a table lie before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

impl From<Slot> for Place {
    fn from(slot: Slot) -> Self {
        Self(slot.0 * size_of::<Entry>())
    }
}

/// What the functions go to.
#[derive(Debug)]
pub(super) struct Table {
    /// Counts the tables of a host.
    serial: u64,
    /// The entry of each slot. That of slot 0 has the address of this table as its context.
    entries: Box<[Entry]>,
}

/// Stands for a function that nobody offers.
unsafe extern "C" fn unavailable(_: *mut c_void, _: *const c_void, _: *mut c_void) -> i32 {
    note(STATUS_UNAVAILABLE, CallErrorKind::Unavailable, None)
}

/// Stands for a function of a contract in a table from before the contract was expected.
unsafe extern "C" fn too_early(_: *mut c_void, _: *const c_void, _: *mut c_void) -> i32 {
    let details =
        "this thread stays with a state of the host from before the contract was expected of the module";
    note(
        STATUS_UNAVAILABLE,
        CallErrorKind::Unavailable,
        Some(details.into()),
    )
}

const TOO_EARLY: Entry = Entry {
    function: too_early,
    context: ptr::null_mut(),
};

/// What a function goes to that nobody offers.
pub(super) const UNAVAILABLE: Entry = Entry {
    function: unavailable,
    context: ptr::null_mut(),
};

impl Table {
    /// A table of these entries, the first of which is that of slot 1.
    pub(super) fn new(serial: u64, entries: impl IntoIterator<Item = Entry>) -> Box<Self> {
        let entries = std::iter::once(UNAVAILABLE).chain(entries).collect();
        let mut table = Box::new(Self { serial, entries });
        table.entries[0].context = ptr::from_ref(&*table).cast_mut().cast();
        table
    }

    /// Whether the slot was given when the table was made.
    pub(super) fn covers(&self, slot: Slot) -> bool {
        slot.0 < self.entries.len()
    }

    /// What a function goes to in this table. One that got its slot later was not offered by anybody then. Tables before the
    /// one with the serial number `since` may have something else for it than its caller believes.
    pub(super) fn entry(&self, slot: Slot, since: u64) -> Entry {
        if self.serial < since {
            return TOO_EARLY;
        }
        self.entries.get(slot.0).copied().unwrap_or(UNAVAILABLE)
    }
}

/// The table that decides what runs.
pub(super) struct Live(AtomicPtr<Entry>);

impl Live {
    pub(super) fn new(first: &Table) -> Self {
        Self(AtomicPtr::new(first.entries.as_ptr().cast_mut()))
    }

    /// Makes `next` the live table. It must stay in memory until it was replaced and the moment of that is over.
    pub(super) fn publish(&self, next: &Table) {
        // Release: pairs with the Acquire in `get`.
        self.0.store(next.entries.as_ptr().cast_mut(), Ordering::Release);
    }

    #[inline(always)]
    fn get(&self) -> *const Entry {
        // Acquire: pairs with the Release in `publish`.
        self.0.load(Ordering::Acquire)
    }

    /// What a function goes to now.
    ///
    /// # Safety
    ///
    /// - The thread is in a scope.
    /// - The slot was given before this call, so that the live table covers it.
    #[inline(always)]
    pub(super) unsafe fn entry(&self, place: Place) -> Entry {
        // SAFETY: the scope keeps the table, which has an entry for the slot.
        unsafe { *self.get().byte_add(place.0) }
    }

    /// The table that is live now.
    ///
    /// # Safety
    ///
    /// The thread is in a scope, and stays there for as long as it uses the table.
    pub(super) unsafe fn table(&self) -> *const Table {
        // SAFETY: the scope keeps the table, whose first entry leads to it.
        unsafe { (*self.get()).context.cast() }
    }
}
