//! The values that implement the contracts of a module. They are made when it is loaded and dropped when it leaves.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Where the functions of a module find the value that implements their contract.
pub trait Instance<T> {
    /// The value.
    ///
    /// # Panics
    ///
    /// The module was not loaded by a host: nobody has made it.
    fn get() -> &'static T;
}

/// Holds one such value.
///
/// # Orderings
///
/// `make` publishes the value with Release, and `get` reads it with Acquire. `drop` runs when no call is inside the module and
/// none will come, which the host promises by calling `on_unload`.
pub struct Keeper<T>(AtomicPtr<T>);

impl<T> Keeper<T> {
    /// One without a value.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// There is none.
    #[inline(always)]
    pub fn get(&'static self) -> &'static T {
        // Acquire: pairs with the Release of `make`.
        let value = self.0.load(Ordering::Acquire);
        // SAFETY: null, or a value that lives until the host lets the module go, which no call outlives.
        match unsafe { value.as_ref() } {
            Some(value) => value,
            None => nobody_made_it(),
        }
    }
}

#[cold]
fn nobody_made_it() -> ! {
    panic!("a function of a module was called before the module was loaded")
}

/// The keeper of a module, whose values are made without anybody's help and used by every thread.
pub const fn held<T: Default + Send + Sync + 'static>(keeper: &'static Keeper<T>) -> &'static dyn Held {
    keeper
}

/// A [`Keeper`] of any type.
pub trait Held: Sync {
    /// Makes the value if there is none. Whether there was none.
    fn make(&self) -> bool;

    /// Drops the value.
    fn drop(&self);
}

impl<T: Default + Send + Sync + 'static> Held for Keeper<T> {
    fn make(&self) -> bool {
        // Acquire: pairs with the Release below. The hooks of a module run one at a time.
        let none = self.0.load(Ordering::Acquire).is_null();
        if none {
            // Release: pairs with the Acquire of `get`.
            self.0.store(Box::into_raw(Box::default()), Ordering::Release);
        }
        none
    }

    fn drop(&self) {
        // AcqRel: the value is whole, and whoever looks next sees that it is gone.
        let value = self.0.swap(ptr::null_mut(), Ordering::AcqRel);
        if !value.is_null() {
            // SAFETY: made by `make`, and taken out by this thread alone. No call uses it, as the host promises.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}
