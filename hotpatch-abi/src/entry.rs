//! The record that describes one hot function.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::version::ABI_VERSION;

/// The index of a hot function in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// The description of one hot function, one static for each, made by `#[hotpatch]`.
///
/// The record is writable memory of the image that defines it (the slot is filled in at run time), so every later
/// patch that mentions it is bound to this one copy.
#[repr(C)]
#[derive(Debug)]
pub struct Entry {
    slot: AtomicU32,
    abi_version: u32,
    /// The path of the function as the macro knows it, for example `game::Player::hurt`.
    pub path: &'static str,
    /// The signature as written, for example `fn hurt(&mut self, by: u32) -> bool`.
    pub signature: &'static str,
    /// The body as built into the image of this record, or `None` where the macro cannot name it.
    pub body: Option<Body>,
}

/// The address of a function body: never dereferenced, only compared, shown and called through its real type.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body(pub *const ());

// SAFETY: the address of code, which every thread may read and share; nothing is reached through the pointer here.
#[allow(unsafe_code)]
unsafe impl Send for Body {}
// SAFETY: as for `Send`.
#[allow(unsafe_code)]
unsafe impl Sync for Body {}

impl Entry {
    /// A record that has no slot yet.
    pub const fn new(path: &'static str, signature: &'static str, body: Option<Body>) -> Self {
        Self { slot: AtomicU32::new(0), abi_version: ABI_VERSION, path, signature, body }
    }

    /// The slot of this function.
    ///
    /// Slot 0 belongs to no function: a record that was never registered reads as slot 0, whose address is null in
    /// every table, which means "run the code as built".
    ///
    /// Relaxed: the slot is stored before the first table that knows it is published, and a reader takes the slot
    /// only after it has loaded a table with Acquire.
    #[inline(always)]
    pub fn slot(&self) -> Slot {
        Slot(self.slot.load(Ordering::Relaxed))
    }

    /// Gives this function its slot. Called by the runtime, before it publishes a table with that slot.
    pub fn assign(&self, slot: Slot) {
        self.slot.store(slot.0, Ordering::Relaxed);
    }

    /// The [`ABI_VERSION`] of the crate that made this record.
    pub fn abi_version(&self) -> u32 {
        self.abi_version
    }
}
