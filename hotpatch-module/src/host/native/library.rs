//! A shared library as a module.

use std::ffi::CString;
use std::mem::transmute;

use hotpatch_runtime::module_host::Library;

use crate::abi::{MODULE_SYMBOL, ModuleFn, ModuleVersion, OnLoad, OnReload, OnUnload};
use crate::contract::ContractFunction;
use crate::host::backend::{Entry, HostState, Loaded, Source};
use crate::host::error::{ErrorKind, ModuleError};
use crate::host::manifest::Manifest;
use crate::host::native::read::{self, Read};
use crate::host::status::Machine;

/// A shared library that is a module.
struct Native {
    manifest: Manifest,
    functions: Vec<ModuleFn>,
    on_load: Option<OnLoad>,
    on_unload: Option<OnUnload>,
    on_reload: Option<OnReload>,
    state: HostState,
    /// Last, so that nothing is left of the others when it is closed.
    _library: Library,
}

/// Loads a library and reads its manifest. Its constructors run.
pub(crate) fn open(source: Source, state: HostState) -> Result<Box<dyn Loaded>, ModuleError> {
    let path = source.path.display().to_string();
    let refuse = |(kind, what): (ErrorKind, String)| {
        let next = match kind {
            ErrorKind::AbiMismatch => "build it against the headers, or the crate, of this host",
            ErrorKind::NotAModule => "give the path of a library that exports one",
            _ => "mend the module",
        };
        ModuleError::new(kind, format!("`{path}` is refused, because {what}: {next}"))
    };
    // SAFETY: that the constructors of the library are sound is what whoever loads a native module trusts it to be, see
    // `ModuleHost`.
    let library = unsafe { Library::open(source.into_copy()) }
        .map_err(|reason| refuse((ErrorKind::NotAModule, reason)))?;
    let symbol = CString::new(MODULE_SYMBOL).expect("a name without a zero");
    let address = library.symbol(&symbol).ok_or_else(|| {
        refuse((
            ErrorKind::NotAModule,
            format!("it has no symbol `{MODULE_SYMBOL}`"),
        ))
    })?;
    let Read {
        manifest,
        functions,
        on_load,
        on_unload,
        on_reload,
    } = read::read(&library, address).map_err(refuse)?;
    // SAFETY: there is code of the library at these addresses, and the manifest says that it is of these types, which is what
    // whoever loads a native module trusts it to be.
    let native = unsafe {
        Native {
            manifest,
            functions: functions
                .into_iter()
                .map(|address| transmute::<usize, ModuleFn>(address))
                .collect(),
            on_load: on_load.map(|address| transmute::<usize, OnLoad>(address)),
            on_unload: on_unload.map(|address| transmute::<usize, OnUnload>(address)),
            on_reload: on_reload.map(|address| transmute::<usize, OnReload>(address)),
            state,
            _library: library,
        }
    };
    Ok(Box::new(native))
}

impl Loaded for Native {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn machine(&self) -> Machine {
        Machine::Native
    }

    fn entry(&self, index: usize, _: Option<&'static ContractFunction>) -> Result<Entry, String> {
        Ok(Entry {
            function: self.functions[index],
            context: self.state.0,
        })
    }

    fn on_load(&self) -> Result<(), String> {
        // SAFETY: the library is open, and the state is what the host was made with.
        self.on_load
            .map_or(Ok(()), |hook| told(unsafe { hook(self.state.0) }))
    }

    fn on_reload(&self, old_version: ModuleVersion) -> Result<(), String> {
        self.on_reload.map_or(Ok(()), |hook| {
            // SAFETY: as in `on_load`, and the version lives until the hook has ended.
            told(unsafe { hook(self.state.0, &raw const old_version) })
        })
    }

    fn on_unload(&self) -> Result<(), String> {
        if let Some(hook) = self.on_unload {
            // SAFETY: as in `on_load`.
            unsafe { hook(self.state.0) };
        }
        Ok(())
    }
}

fn told(status: i32) -> Result<(), String> {
    match status {
        0 => Ok(()),
        crate::abi::STATUS_PANICKED => Err("panicked".into()),
        status => Err(format!("gave back {status}")),
    }
}
