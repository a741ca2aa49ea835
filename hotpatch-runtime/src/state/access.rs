//! The functions of this module that have an instance for each use, by which the patch linker finds it.
//!
//! Their names are facts of `hotpatch_abi::names`.

use super::description::{Description, Migrate};

/// The code of a closure that is given to [`State::with`](super::State::with).
#[inline(never)]
pub(super) fn body<F: FnOnce(A) -> R, A, R>(f: F, value: A) -> R {
    f(value)
}

/// What the live code says of a type that a [`State`](super::State) is of.
#[inline(never)]
pub(super) fn description<T: Migrate>() -> &'static Description {
    T::describe()
}
