//! The closures that are given to [`call`](crate::call): their code is replaced like that of any hot function.
//!
//! A closure has a type of its own, so [`body`] has an instance for each of them. That instance is what a patch
//! replaces: the patch linker looks for it by the name of this function.

use crate::dispatch::run_instance;
use crate::scope::Here;

/// Runs the code that `f` has now. The thread is in a scope, `here`.
#[inline(always)]
pub(crate) fn run<F: FnOnce() -> R, R>(here: Here, f: F) -> R {
    // SAFETY: the bodies that are published for this instance take a closure that captures the same values in the same
    // places, and give the same type: the patch linker refuses others.
    unsafe { run_instance(here, body::<F, R> as fn(F) -> R, move |code| code(f)) }
}

/// The code of a closure.
#[inline(never)]
fn body<F: FnOnce() -> R, R>(f: F) -> R {
    f()
}
