//! The functions of this module that have an instance for each use, by which the patch linker finds it.
//!
//! Their names are facts of `hotpatch_abi::names`.

use super::agreement::agree;
use super::description::{Description, Migrate};

/// The code of a closure that is given to [`State::with`](super::State::with) for a value that is a `T` to this code. `is`
/// is what live code says of the value.
///
/// # Panics
///
/// This is old code, which was running when its type changed, and the value is not a `T` any more.
#[inline(never)]
pub(super) fn body<F: FnOnce(A) -> R, T: Migrate, A, R>(f: F, value: A, is: &'static Description) -> R {
    let own = T::describe();
    if !std::ptr::eq(own, is) {
        check(own, is);
    }
    f(value)
}

#[cold]
#[inline(never)]
fn check(own: &'static Description, is: &'static Description) {
    assert!(
        agree(own, is),
        "old code, which was running when `{}` changed, cannot use a value that has been migrated from version {} to \
         version {}",
        (own.name)(),
        own.version,
        is.version
    );
}

/// What the live code says of a type that a [`State`](super::State) is of.
#[inline(never)]
pub(super) fn description<T: Migrate>() -> &'static Description {
    T::describe()
}
