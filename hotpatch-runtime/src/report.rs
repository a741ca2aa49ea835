//! What the runtime tells the program about itself: plain data, the same with patching and without.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hotpatch_abi::manifest::PatchId;

use crate::refusal::Refusal;

/// Something that happened to the code of this process.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A patch or a roll-back has passed its checks so far, and is about to become live. Followed by exactly one of the
    /// others.
    Preparing(Preparing),
    /// A patch is live.
    Applied(Applied),
    /// A patch or a roll-back was refused; the process runs what it ran.
    Refused(Refusal),
    /// A roll-back is live.
    RolledBack(RolledBack),
}

/// What is about to become live, and the chance to say no.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Preparing {
    /// The generation that will be made.
    pub generation: u64,
    /// What makes it: a patch or a roll-back.
    pub origin: Origin,
    /// The full paths of the functions that will switch.
    pub functions: Vec<String>,
    veto: Arc<Mutex<Option<String>>>,
}

impl Preparing {
    #[cfg(feature = "live")]
    pub(crate) fn new(generation: u64, origin: Origin, functions: Vec<String>) -> Self {
        Self {
            generation,
            origin,
            functions,
            veto: Arc::default(),
        }
    }

    /// Refuses it, with a reason that whoever offered it is told (`HP0607`). Counts until the callbacks have returned;
    /// the first reason wins.
    pub fn veto(&self, reason: impl Into<String>) {
        let mut veto = self.veto.lock().unwrap_or_else(PoisonError::into_inner);
        veto.get_or_insert_with(|| reason.into());
    }

    #[cfg(feature = "live")]
    pub(crate) fn reason(&self) -> Option<String> {
        self.veto.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A patch that is live.
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

/// A generation of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// What made it.
    pub origin: Origin,
    /// The full paths of the functions that switched when it was made.
    pub functions: Vec<String>,
    /// When it was made; for generation 0, when somebody first asked or patched.
    pub since: SystemTime,
}

/// What made a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The program as built.
    Built,
    /// A patch.
    Patch(PatchId),
    /// A roll-back, to what this earlier generation ran.
    RollBack(u64),
}

/// A roll-back that is live.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RolledBack {
    /// The generation that the roll-back made.
    pub generation: u64,
    /// The generation whose code it runs.
    pub to: u64,
    /// The full paths of the functions that switched.
    pub functions: Vec<String>,
    /// The time from the request to the switch.
    pub elapsed: Duration,
}

/// A hot function of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Function {
    /// The full path, for example `game::Player::hurt`.
    pub name: String,
    /// The signature as written; empty for an instance of a generic function and for a closure.
    pub signature: String,
    /// The generation whose commit made the code that runs; 0 for the code as built.
    pub generation: u64,
    /// Where the code that runs lies; `None` for a generic function: each of its instances has code of its own.
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
