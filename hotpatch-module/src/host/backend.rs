//! Where the host meets the machines that run modules: native libraries, and the sandbox.
//!
//! A machine opens what lies in a file and hands over a checked manifest before any function or hook of the module runs.
//! From then on the host asks for hooks to be run, one at a time, and calls functions through their [`Entry`] from any thread.

use std::ffi::c_void;
#[cfg(feature = "wasm")]
use std::io;
use std::path::{Path, PathBuf};

use hotpatch_runtime::module_host::PrivateCopy;

use crate::abi::{ModuleFn, ModuleVersion};
use crate::contract::ContractFunction;
use crate::host::error::{ErrorKind, ModuleError};
use crate::host::manifest::Manifest;
use crate::host::native;
use crate::host::shared::Shared;
use crate::host::status::Machine;

/// What the host was made with, and hands to every function and hook.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostState(pub(crate) *mut c_void);

// SAFETY: the host never looks behind the pointer; whoever made the host promised that modules may, from every thread.
unsafe impl Send for HostState {}
// SAFETY: as for `Send`.
unsafe impl Sync for HostState {}

/// What a call goes to: the function, and what it gets as its first argument.
///
/// For a native function that is the state of the host. A function in a sandbox is called through a function of the host, whose
/// first argument says which one, and which has the thread be [`Inside`](crate::host::inside::Inside) meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) function: ModuleFn,
    pub(crate) context: *mut c_void,
}

// SAFETY: the functions of modules may be called from every thread, and the context is for them alone.
unsafe impl Send for Entry {}
// SAFETY: as for `Send`.
unsafe impl Sync for Entry {}

/// A module that lies in memory. Dropping it closes it, which nobody does before its last call has ended.
pub(crate) trait Loaded: Send + Sync {
    /// What it says of itself. It never changes.
    fn manifest(&self) -> &Manifest;

    /// What runs it.
    fn machine(&self) -> Machine;

    /// What to call for the function at `index` of the manifest. It stays valid for as long as the module.
    ///
    /// `described` is the function in a contract that the module must fulfil, whose sizes and signature fit. Without one,
    /// input and output are plain bytes, as many as the manifest says. Asked again with every change; the same question
    /// has the same answer. An error refuses the module and says why, for example `its output needs a sink`.
    fn entry(&self, index: usize, described: Option<&'static ContractFunction>) -> Result<Entry, String>;

    /// Runs `on_load`, which the manifest has. An error says what became of it, for example `gave back 3`.
    fn on_load(&self) -> Result<(), String>;

    /// Runs `on_reload`, which the manifest has.
    fn on_reload(&self, old_version: ModuleVersion) -> Result<(), String>;

    /// Runs `on_unload`, which the manifest has. An error changes nothing and is kept for whoever asks.
    fn on_unload(&self) -> Result<(), String>;
}

/// What lies in a file: a private copy, so that nobody changes what was checked.
#[derive(Debug)]
pub(crate) struct Source {
    /// Where it came from, for messages.
    pub(crate) path: PathBuf,
    copy: PrivateCopy,
}

impl Source {
    /// Copies the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, ModuleError> {
        let copy = PrivateCopy::of(path).map_err(|error| {
            ModuleError::new(
                ErrorKind::Unreadable,
                format!("the module `{}` cannot be read: {error}", path.display()),
            )
        })?;
        Ok(Self {
            path: path.into(),
            copy,
        })
    }

    /// The first bytes.
    pub(crate) fn head(&self) -> &[u8] {
        self.copy.head()
    }

    /// All bytes.
    #[cfg(feature = "wasm")]
    pub(crate) fn bytes(&self) -> io::Result<Vec<u8>> {
        self.copy.bytes()
    }

    /// The copy itself.
    pub(crate) fn into_copy(self) -> PrivateCopy {
        self.copy
    }
}

/// Opens a module with the machine that its content asks for. Nothing of it has been called when this returns, except what
/// the loader runs of a native library.
pub(crate) fn open(source: Source, host: &Shared) -> Result<Box<dyn Loaded>, ModuleError> {
    #[cfg(feature = "wasm")]
    if crate::sandbox::is_for_us(source.head()) {
        let limits = host.limits().clone();
        return crate::sandbox::open(&source, &limits);
    }
    #[cfg(not(feature = "wasm"))]
    if source.head().starts_with(b"\0asm") {
        let path = source.path.display();
        return Err(ModuleError::new(
            ErrorKind::Sandbox,
            format!(
                "the module `{path}` is WebAssembly, and this host has no sandbox: enable the feature `wasm`"
            ),
        ));
    }
    native::open(source, host.state)
}
