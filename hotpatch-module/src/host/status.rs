//! What there is to say about the modules of a host.

use std::path::PathBuf;

use crate::abi::ModuleVersion;

/// What runs a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Machine {
    /// The processor itself: the module is a shared library.
    Native,
    /// A sandbox: the module is WebAssembly.
    Sandbox,
}

/// A module that is loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ModuleStatus {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: ModuleVersion,
    /// The file that it was loaded from.
    pub path: PathBuf,
    /// What runs it.
    pub machine: Machine,
    /// The functions that it offers, by their own names.
    pub functions: Vec<String>,
    /// The names of the modules that it needs.
    pub needs: Vec<String>,
    /// The contracts that it fulfils.
    pub contracts: Vec<(String, ModuleVersion)>,
    /// How many steps it can be rolled back.
    pub steps_back: usize,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed {
    /// Counts the changes of the host.
    pub generation: u64,
    /// The modules that were loaded, replaced or unloaded, in the order in which they were initialised; those that left come
    /// last.
    pub modules: Vec<ChangedModule>,
    /// The names of the modules that were initialised anew because they need one of those, in that order.
    pub initialised_anew: Vec<String>,
}

/// A module that a change was about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangedModule {
    /// Its name.
    pub name: String,
    /// The version that was there before, if there was one.
    pub from: Option<ModuleVersion>,
    /// The version that is there now, if there is one.
    pub to: Option<ModuleVersion>,
}
