//! The functions of the runtime in a program that is built without patching: nothing ever happens.

use std::convert::Infallible;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;

use hotpatch_abi::code;

use crate::follow::{Followed, Policy};
use crate::refusal::Refusal;
use crate::report::{Applied, Drain, Event, Function, Generation, Hold, Image, RolledBack, Unload};

/// Runs `f`.
#[inline(always)]
pub fn call<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Runs `f`.
#[inline(always)]
pub fn consistent<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Runs `body`.
///
/// # Safety
///
/// None is needed; the one with patching has conditions.
#[inline(always)]
pub(crate) unsafe fn enter_instance<F, R>(body: F, run: impl FnOnce(F) -> R) -> R {
    run(body)
}

/// The generation that is live: always 0, the program as built.
pub fn generation() -> u64 {
    0
}

/// The hot functions of this process: none.
pub fn functions() -> Vec<Function> {
    Vec::new()
}

/// The generations that [`rollback`] can go to: none.
pub fn history() -> Vec<Generation> {
    Vec::new()
}

/// Does nothing: there are no generations.
pub fn keep_generations(_limit: NonZeroUsize) {}

/// Refuses.
///
/// # Errors
///
/// Always: the program was built without the feature `enabled` of `hotpatch`.
pub fn apply(_path: impl AsRef<Path>) -> Result<Applied, Refusal> {
    Err(without_patching())
}

/// Refuses.
///
/// # Errors
///
/// Always: the program was built without the feature `enabled` of `hotpatch`.
pub fn rollback(_to: u64) -> Result<RolledBack, Refusal> {
    Err(without_patching())
}

/// Refuses.
///
/// # Errors
///
/// Always: the program was built without the feature `enabled` of `hotpatch`.
pub fn follow(_path: impl AsRef<Path>, _policy: Policy) -> io::Result<Following> {
    Err(io::Error::new(io::ErrorKind::Unsupported, without_patching()))
}

/// Patches that are followed: there are none.
#[derive(Debug)]
#[must_use = "following ends when it is dropped"]
pub struct Following(Infallible);

impl Following {
    /// Looks now.
    ///
    /// # Errors
    ///
    /// None: there is no value to call it on.
    pub fn check(&self) -> Result<Vec<Followed>, Refusal> {
        match self.0 {}
    }

    /// Looks now, and offers everything anew.
    ///
    /// # Errors
    ///
    /// None: there is no value to call it on.
    pub fn retry(&self) -> Result<Vec<Followed>, Refusal> {
        match self.0 {}
    }

    /// Follows for as long as the process lives.
    pub fn detach(self) {}
}

/// Refuses.
///
/// # Errors
///
/// Always: the program was built without the feature `enabled` of `hotpatch`.
pub fn step_back() -> Result<RolledBack, Refusal> {
    Err(without_patching())
}

/// Drops `callback`: there are no events.
pub fn on_event(callback: impl Fn(&Event) + Send + Sync + 'static) {
    drop(callback);
}

/// Does nothing: there are no commits.
pub fn drain(_drain: impl Into<Option<Drain>>) {}

/// The patch images of this process: none.
pub fn images() -> Vec<Image> {
    Vec::new()
}

/// Holds nothing: there are no images.
pub fn hold() -> Hold {
    Hold {}
}

/// Does nothing: there are no images.
///
/// # Safety
///
/// None is needed; the one with patching has conditions.
pub unsafe fn unload(_policy: Unload) {}

fn without_patching() -> Refusal {
    Refusal::new(
        code::NOT_ATTACHED,
        "this program was built without the feature `enabled` of `hotpatch`, so it takes no patches; build it with \
         that feature",
    )
}
