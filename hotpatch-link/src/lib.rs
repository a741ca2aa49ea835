//! The patch linker: reads the objects of a program, compares them with what runs, binds what changed to the running
//! process and links it into a small dylib.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::time::Duration;
use hotpatch_abi::code::Code;
use hotpatch_abi::manifest::PatchId;

/// The objects of one workspace crate.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Unique among the units of a program, and stable over replays: crate name and `extra-filename`.
    pub key: String,
    /// Object files, or rlibs that hold them.
    pub objects: Vec<PathBuf>,
}

/// Compares the objects of a program with the live generation and makes patches.
#[derive(Debug)]
pub struct Patcher(());

/// What an edit amounts to.
#[derive(Debug)]
pub enum Change {
    /// No code changed.
    Nothing,
    /// Code changed, but no hot function reaches it.
    Unreachable {
        /// Demangled paths of the changed functions.
        changed: Vec<String>,
    },
    /// Hot functions are affected.
    Patch(Draft),
}

/// A patch that has been compared, not yet linked.
#[derive(Debug)]
pub struct Draft(());

impl Draft {
    /// Full paths of the hot functions to publish.
    pub fn published(&self) -> &[String] { unimplemented!() }
    /// Demangled paths of the functions whose code changed.
    pub fn changed(&self) -> &[String] { unimplemented!() }
}

/// A linked patch, not yet committed by any process.
#[derive(Debug)]
pub struct Patch {
    /// Its identity.
    pub id: PatchId,
    /// The patch file.
    pub path: PathBuf,
    /// Time spent rewriting relocations.
    pub bind: Duration,
    /// Time spent in the linker.
    pub link: Duration,
}

/// How a patch follows on what is live.
#[derive(Clone, Copy, Debug)]
pub enum Parent {
    /// On the last patch given to [`Patcher::commit`]: for a session.
    Live,
    /// On the program as built, whatever is live: for a patch file that fits at any generation.
    Base,
}

impl Patcher {
    /// Reads the program as built (with symbols) and the objects it was linked from.
    pub fn open(program: &Path, units: &[Unit]) -> Result<Self, Error> { let _ = (program, units); unimplemented!() }
    /// The build id of the program.
    pub fn build_id(&self) -> &[u8] { unimplemented!() }
    /// Compares the current objects (all units, replayed or not) with the live generation.
    pub fn compare(&mut self, units: &[Unit]) -> Result<Change, Error> { let _ = units; unimplemented!() }
    /// Binds and links. `linker` is an ELF linker that takes ld options (`ld.lld`).
    pub fn link(&mut self, draft: Draft, parent: Parent, linker: &Path, out: &Path) -> Result<Patch, Error> { let _ = (draft, parent, linker, out); unimplemented!() }
    /// The process acknowledged the patch: later comparisons are against it.
    pub fn commit(&mut self, patch: Patch) { let _ = patch; }
}

/// Why no patch could be made.
#[derive(Debug)]
pub struct Error(());

impl Error {
    /// The stable code.
    pub fn code(&self) -> Code { unimplemented!() }
}

impl std::fmt::Display for Error {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) }
}
impl std::error::Error for Error {}
