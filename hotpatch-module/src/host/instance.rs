//! A module that lies in memory, with what calls of its functions go to.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::abi::ModuleVersion;
use crate::contract::Contract;
use crate::host::backend::{Entry, Loaded};
use crate::host::error::ModuleError;
use crate::host::fulfil;
use crate::host::manifest::Manifest;
use crate::host::status::ModuleStatus;

/// A module that lies in memory. The last reference closes it.
pub(super) struct Instance {
    loaded: Box<dyn Loaded>,
    path: PathBuf,
    /// The full names of its functions, in the order of the manifest.
    full_names: Vec<String>,
    /// What calls of them go to.
    entries: Mutex<Arc<[Entry]>>,
}

impl Instance {
    /// `loaded` came from the file at `path`.
    pub(super) fn new(loaded: Box<dyn Loaded>, path: PathBuf) -> Self {
        let manifest = loaded.manifest();
        let full_names = manifest
            .functions
            .iter()
            .map(|function| format!("{}.{}", manifest.name, function.name))
            .collect();
        Self {
            full_names,
            path,
            entries: Mutex::new(Arc::new([])),
            loaded,
        }
    }

    pub(super) fn manifest(&self) -> &Manifest {
        self.loaded.manifest()
    }

    pub(super) fn name(&self) -> &str {
        &self.manifest().name
    }

    pub(super) fn version(&self) -> ModuleVersion {
        self.manifest().version
    }

    pub(super) fn full_names(&self) -> &[String] {
        &self.full_names
    }

    /// What calls of its functions go to, in the order of the manifest. Set by [`fulfil`](Self::fulfil).
    pub(super) fn entries(&self) -> Arc<[Entry]> {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Checks that it fulfils these contracts, and has its functions ready for calls under them.
    pub(super) fn fulfil(&self, contracts: &[&'static Contract]) -> Result<(), ModuleError> {
        let entries = fulfil::entries(self, &*self.loaded, contracts)?;
        *self.entries.lock().unwrap_or_else(PoisonError::into_inner) = entries;
        Ok(())
    }

    /// Runs `on_reload`, if there was a version before and the module has the hook, else `on_load`.
    pub(super) fn initialise(&self, old_version: Option<ModuleVersion>) -> Result<(), String> {
        let hooks = self.manifest().hooks;
        match old_version {
            Some(old) if hooks.on_reload => self.run("on_reload", || self.loaded.on_reload(old)),
            _ if hooks.on_load => self.run("on_load", || self.loaded.on_load()),
            _ => Ok(()),
        }
    }

    /// Runs `on_unload`, after its last call has ended.
    pub(super) fn leave(&self) -> Result<(), String> {
        if self.manifest().hooks.on_unload {
            self.run("on_unload", || self.loaded.on_unload())
        } else {
            Ok(())
        }
    }

    fn run(&self, hook: &str, run: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        run().map_err(|outcome| format!("`{hook}` of {self} {outcome}"))
    }

    pub(super) fn status(&self, steps_back: usize) -> ModuleStatus {
        let manifest = self.manifest();
        ModuleStatus {
            name: manifest.name.clone(),
            version: manifest.version,
            path: self.path.clone(),
            machine: self.loaded.machine(),
            functions: manifest
                .functions
                .iter()
                .map(|function| function.name.clone())
                .collect(),
            needs: manifest
                .dependencies
                .iter()
                .map(|needed| needed.name.clone())
                .collect(),
            contracts: manifest
                .contracts
                .iter()
                .map(|contract| (contract.name.clone(), contract.version))
                .collect(),
            steps_back,
        }
    }
}

/// The module as messages name it.
impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "module `{}` {} (`{}`)",
            self.name(),
            self.version(),
            self.path.display()
        )
    }
}
