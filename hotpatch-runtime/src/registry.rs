//! The hot functions that are linked into the program.
//!
//! Owns the slots: a slot belongs to one function for as long as any code can ask for it, and every table from then on
//! covers it.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hotpatch_abi::entry::{Entry, Slot};
use hotpatch_abi::version::ABI_VERSION;

use crate::rows::Rows;
use crate::scope::Scope;
use crate::table::{Description, Row, Table, slot_of};

/// An entry of the program, handed to the runtime by the code that `#[hotpatch]` generates.
#[derive(Debug)]
pub struct Registered(pub &'static Entry);

inventory::collect!(Registered);

/// The right to make the next table. Whoever has it knows that the live table stays the live one.
pub(crate) struct Next(#[expect(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

static NEXT: Mutex<()> = Mutex::new(());

/// Whether nobody makes a table.
pub(crate) fn is_free() -> bool {
    NEXT.try_lock().is_ok()
}

/// Waits for the right to make the next table. It is held for moments only: no loading, no callbacks.
pub(crate) fn lock_next() -> Next {
    Next(NEXT.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Gives a slot to every registered entry that has none yet.
///
/// Entries are looked for whenever somebody asks about them, not once: a hot function may run before the constructors
/// that register entries are through. Until it has its slot a function runs the code as built, which is what every
/// table would tell it before the first commit that knows it.
pub(crate) fn refresh(scope: &Scope) {
    /// The entry that was the newest when somebody looked last.
    static NEWEST: AtomicPtr<Registered> = AtomicPtr::new(ptr::null_mut());
    let next = lock_next();
    // `inventory` puts what is new in front. Relaxed: the lock orders it.
    let newest = inventory::iter::<Registered>()
        .next()
        .map_or(ptr::null(), ptr::from_ref);
    if ptr::eq(NEWEST.swap(newest.cast_mut(), Ordering::Relaxed), newest) {
        return;
    }
    let mut entries: Vec<&'static Entry> = inventory::iter::<Registered>()
        .map(|registered| registered.0)
        .filter(|entry| entry.slot() == Slot::NONE && entry.abi_version() == ABI_VERSION)
        .collect();
    entries.sort_unstable_by_key(|entry| (entry.path, entry.signature, ptr::from_ref(*entry)));
    add(scope, &next, entries);
}

/// Gives a slot to each of `entries`, none of which has one.
pub(crate) fn add(scope: &Scope, next: &Next, entries: Vec<&'static Entry>) {
    if entries.is_empty() {
        return;
    }
    let live = Table::live(scope);
    let mut rows = Rows::of(&live.rows);
    let places: Vec<usize> = entries
        .iter()
        .map(|entry| rows.add(Row::as_built(entry)))
        .collect();
    let description = Description {
        generation: live.generation,
        head: live.head,
        rows: rows.into_list(),
        images: live.images.clone(),
    };
    Table::publish(scope, next, description);
    // Only now, so that whoever reads a slot finds a table that covers it: see `Entry::slot`.
    for (entry, row) in entries.into_iter().zip(places) {
        entry.assign(slot_of(row));
    }
}
