//! The interface of the runtime in a program that is built without it: nothing ever happens.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotpatch_abi::code::{Code, NOT_ATTACHED};
use hotpatch_abi::manifest::PatchId;

/// A patch that is live. This program has none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The generation that the patch made.
    pub generation: u64,
    /// The identity of the patch.
    pub patch: PatchId,
    /// The full paths of the functions that switched.
    pub functions: Vec<String>,
    /// The time from the offer to the switch.
    pub elapsed: Duration,
}

/// Something that happened to the code of this process. Nothing does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A patch is live.
    Applied(Applied),
    /// A patch was refused; the process runs what it ran.
    Refused(Refusal),
}

/// A hot function of this process. This program has none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Function {
    /// The full path, for example `game::Player::hurt`.
    pub name: String,
    /// The signature as written.
    pub signature: String,
    /// The generation whose commit made the code that runs.
    pub generation: u64,
    /// Where the code that runs lies.
    pub address: Option<Address>,
    /// The file of the image that holds the code.
    pub image: PathBuf,
}

/// An address of code in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub usize);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// The answer to a patch that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(());

impl Refusal {
    /// The stable code, for example `HP0107`.
    pub fn code(&self) -> Code {
        NOT_ATTACHED
    }

    /// Reason, state and next step.
    pub fn message(&self) -> &str {
        "this program was built without the feature `enabled` of `hotpatch`, so it takes no patches; build it with \
         that feature"
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message())
    }
}

impl std::error::Error for Refusal {}

/// Runs `f`.
#[inline(always)]
pub fn call<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// The generation that is live: always 0, the program as built.
pub fn generation() -> u64 {
    0
}

/// The hot functions of this process: none.
pub fn functions() -> Vec<Function> {
    Vec::new()
}

/// Refuses.
///
/// # Errors
///
/// Always: the program was built without the feature `enabled`.
pub fn apply(_path: impl AsRef<Path>) -> Result<Applied, Refusal> {
    Err(Refusal(()))
}

/// Drops `callback`: there are no events.
pub fn on_event(callback: impl Fn(&Event) + Send + Sync + 'static) {
    drop(callback);
}
