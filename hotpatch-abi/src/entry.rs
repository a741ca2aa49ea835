//! The record that describes one hot function.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::version::ABI_VERSION;

/// The index of a hot function in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

impl Slot {
    /// The slot of no function: its address is null in every table, which means "run the code as built". An entry
    /// that was never registered reads as this slot.
    pub const NONE: Self = Self(0);
}

/// The description of one hot function, one static for each, made by `#[hotpatch]`.
///
/// The record is writable memory of the image that defines it (the slot is filled in at run time), so every later
/// patch that mentions it is bound to this one copy. It begins with the slot and the version, one `u32` each, so that
/// a place can be told from an entry before it is treated as one.
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

/// What the static that tells the types of a hot function holds.
pub type TypesOf = fn() -> &'static str;

/// Tells the type of a function pointer: which function this is.
pub const fn types_of<F: Copy>(_: F) -> TypesOf {
    core::any::type_name::<F>
}

impl Entry {
    /// A record that has no slot yet.
    pub const fn new(path: &'static str, signature: &'static str, body: Option<Body>) -> Self {
        Self {
            slot: AtomicU32::new(Slot::NONE.0),
            abi_version: ABI_VERSION,
            path,
            signature,
            body,
        }
    }

    /// The slot of this function.
    ///
    /// Acquire, pairs with the Release in [`assign`](Self::assign): whoever reads a slot, and the live table only
    /// after it, finds a table that covers the slot.
    #[inline(always)]
    pub fn slot(&self) -> Slot {
        Slot(self.slot.load(Ordering::Acquire))
    }

    /// Gives this function its slot. Called by the runtime, after it has published a table with that slot, and before
    /// it publishes one in which that slot is not null.
    ///
    /// Release, pairs with the Acquire in [`slot`](Self::slot).
    pub fn assign(&self, slot: Slot) {
        self.slot.store(slot.0, Ordering::Release);
    }

    /// The [`ABI_VERSION`] of the crate that made this record.
    pub fn abi_version(&self) -> u32 {
        self.abi_version
    }
}
