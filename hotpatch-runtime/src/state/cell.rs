//! The place of one value in the process. Code of every generation knows it by its address, whatever the value is.

use std::cell::Cell as Slot;
use std::ptr::NonNull;

use super::description::Description;
use super::value::Value;

/// A value with what it is.
///
/// Invariant: the fields change only where nobody else is: in a migration, while every other thread is outside of
/// [`State::with`](super::State::with), or in the list of groups, by whoever holds its lock.
pub(super) struct Cell {
    value: Slot<Value>,
    description: Slot<&'static Description>,
    /// Where the function lies, as built, that tells what the value is.
    pub(super) origin: NonNull<()>,
    /// Where its group has it.
    pub(super) index: Slot<usize>,
}

impl Cell {
    /// A cell that takes over the memory and the value in it.
    pub(super) fn new(value: Value, description: &'static Description, origin: NonNull<()>) -> Self {
        Self {
            value: Slot::new(value),
            description: Slot::new(description),
            origin,
            index: Slot::new(usize::MAX),
        }
    }

    pub(super) fn place(&self) -> *mut u8 {
        self.value.get().place()
    }

    pub(super) fn description(&self) -> &'static Description {
        self.description.get()
    }

    /// The same value, told by other code.
    pub(super) fn renew(&self, description: &'static Description) {
        self.description.set(description);
    }

    /// Puts another value in. Returns the one before.
    pub(super) fn replace(&self, value: Value, description: &'static Description) -> Value {
        self.description.set(description);
        self.value.replace(value)
    }

    /// Drops the value and frees its memory.
    ///
    /// # Safety
    ///
    /// The cell has left its group, and nobody uses it from now on.
    pub(super) unsafe fn end(self) {
        /// Frees the memory also if the drop of the value panics.
        struct Freed(Value);
        impl Drop for Freed {
            fn drop(&mut self) {
                // SAFETY: the value has been dropped, or is given up.
                unsafe { self.0.free() };
            }
        }
        let freed = Freed(self.value.get());
        // SAFETY: the cell owns the value, which is of this description.
        unsafe { (self.description.get().drop)(freed.0.place()) };
    }
}
