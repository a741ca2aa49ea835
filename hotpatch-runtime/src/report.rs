//! What the runtime tells the program about itself: plain data, the same with patching and without.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hotpatch_abi::manifest::PatchId;

use crate::follow::Followed;
use crate::refusal::Refusal;

/// Something that happened to the code of this process.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A patch or a roll-back has passed its checks so far, and is about to become live. Exactly one of `Applied`,
    /// `Refused` and `RolledBack` comes next.
    Preparing(Preparing),
    /// A patch is live.
    Applied(Applied),
    /// A patch or a roll-back was refused; the process runs what it ran.
    Refused(Refusal),
    /// A roll-back is live.
    RolledBack(RolledBack),
    /// What became of a file that is [followed](crate::follow()), once for each content. If it was offered, the events of the
    /// offer came before.
    Followed(Followed),
}

/// Values that a commit or a roll-back has made anew, because their type has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migrated {
    /// The name of the type.
    pub name: String,
    /// How many values there are.
    pub values: usize,
    /// The version of the type before and after.
    pub versions: (u32, u32),
}

impl fmt::Display for Migrated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = if self.values == 1 { "value" } else { "values" };
        write!(f, "{} {values} of `{}`", self.values, self.name)?;
        match self.versions {
            (before, after) if before == after => Ok(()),
            (before, after) => write!(f, " from version {before} to {after}"),
        }
    }
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
    /// The values in [`State`](crate::State)s that were migrated, by their types.
    pub migrated: Vec<Migrated>,
    /// Who was inside these functions all the same, where [`drain`](crate::drain()) had waited long enough.
    pub still_inside: Vec<StillInside>,
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
    /// The values in [`State`](crate::State)s that were migrated, by their types.
    pub migrated: Vec<Migrated>,
    /// Who was inside these functions all the same, where [`drain`](crate::drain()) had waited long enough.
    pub still_inside: Vec<StillInside>,
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

/// How long commits and roll-backs wait for running calls, and what then. See [`drain`](crate::drain()).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long they wait at most.
    pub timeout: Duration,
    /// What becomes of the patch when calls are still running then.
    pub on_timeout: OnTimeout,
}

/// What becomes of a patch whose functions are still running when the time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    /// It is refused (`HP0608`), and the calls that waited go on with the old code.
    Refuse,
    /// It is committed, and the calls that run finish on the code that they began with.
    Proceed,
}

/// A thread that is in calls of functions that a patch changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StillInside {
    /// The thread; `None` where that cannot be told.
    pub thread: Option<Thread>,
    /// The full paths of the functions, outermost first. Empty for a call that began before draining was turned on: it may
    /// be inside any.
    pub functions: Vec<String>,
}

impl fmt::Display for StillInside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.thread {
            Some(thread) => write!(f, "{thread}")?,
            None => write!(f, "an unknown thread")?,
        }
        match &self.functions[..] {
            [] => write!(f, " in a call that began before draining was turned on"),
            functions => write!(f, " in `{}`", functions.join("`, `")),
        }
    }
}

/// What becomes of patch images that are not needed any more. See [`unload`](crate::unload()).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unload {
    /// They stay for as long as the process runs.
    #[default]
    Never,
    /// They are closed when the runtime knows of nobody who may use them.
    WhenQuiescent,
}

/// A patch image of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Image {
    /// The identity of the patch.
    pub patch: PatchId,
    /// The file that it was loaded from.
    pub path: PathBuf,
    /// The address space that it takes, in bytes.
    pub bytes: u64,
    /// Why it is still in the process. Never empty.
    pub resident: Vec<Resident>,
}

/// Why an image is still in the process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resident {
    /// The live generation runs code of it.
    Live,
    /// These generations, which are kept for [`rollback`](crate::rollback), ran code of it.
    Kept(Vec<u64>),
    /// The image of this patch was bound to it.
    NeededBy(PatchId),
    /// Images are not unloaded, unless [`unload`](crate::unload()) says so.
    ByDefault,
    /// It was loaded before unloading was turned on, so its users were not counted.
    LoadedBefore,
    /// This many handles: [`hold`](crate::hold), and sessions of `cargo hotpatch` that are attached.
    Held(usize),
    /// This many futures that its code made.
    Futures(usize),
    /// These threads are in calls that began before the image was left.
    Calls(Vec<Thread>),
    /// Nothing any more: it is about to be closed.
    Closing,
}

impl fmt::Display for Resident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => write!(f, "the live generation runs it"),
            Self::Kept(generations) => {
                let numbers: Vec<String> = generations.iter().map(u64::to_string).collect();
                write!(f, "kept for a roll-back to {}", numbers.join(", "))
            }
            Self::NeededBy(patch) => write!(f, "the image of patch `{patch}` needs it"),
            Self::ByDefault => write!(f, "images stay, as `hotpatch::unload` was not called"),
            Self::LoadedBefore => write!(f, "loaded before `hotpatch::unload` was called"),
            Self::Held(1) => write!(f, "held by a handle, or by a session"),
            Self::Held(count) => write!(f, "held by {count} handles and sessions"),
            Self::Futures(1) => write!(f, "a future that it made is alive"),
            Self::Futures(count) => write!(f, "{count} futures that it made are alive"),
            Self::Calls(threads) => {
                let threads: Vec<String> = threads.iter().map(Thread::to_string).collect();
                write!(
                    f,
                    "calls that began before are still running: {}",
                    threads.join(", ")
                )
            }
            Self::Closing => write!(f, "about to be closed"),
        }
    }
}

/// A thread of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thread {
    /// Its number, as the kernel and debuggers know it.
    pub id: u32,
    /// Its name, cut off after 15 bytes; `None` if the kernel does not tell.
    pub name: Option<String>,
}

impl Thread {
    #[cfg(feature = "live")]
    pub(crate) fn of(id: u32) -> Self {
        Self {
            id,
            name: crate::platform::thread_name(id),
        }
    }
}

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "`{name}` ({})", self.id),
            None => write!(f, "thread {}", self.id),
        }
    }
}

/// Keeps the patch images of the process. See [`hold`](crate::hold).
#[derive(Debug)]
#[must_use = "the images are held until it is dropped"]
pub struct Hold {
    #[cfg(feature = "live")]
    _uses: crate::unload::Uses,
}

#[cfg(feature = "live")]
impl Hold {
    pub(crate) fn new(uses: crate::unload::Uses) -> Self {
        Self { _uses: uses }
    }
}
