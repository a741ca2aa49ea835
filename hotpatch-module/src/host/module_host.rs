//! [`ModuleHost`]: what a program that has modules works with.

use std::ffi::c_void;
use std::fmt;
use std::path::PathBuf;
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::abi::{ModuleFn, ModuleVersion};
use crate::contract::Contract;
use crate::host::backend::HostState;
use crate::host::change::{Change, refuse_inside};
use crate::host::error::{ErrorKind, ModuleError};
use crate::host::expected::Expected;
use crate::host::fallback::Fallback;
use crate::host::function::Function;
use crate::host::inside;
use crate::host::shared::Shared;
use crate::host::status::{Changed, ModuleStatus};

/// A host of modules: it loads them, calls their functions, replaces them while calls go on, and takes that back.
///
/// Clones are handles of the same host. When the last handle of it and of its functions is gone, the modules leave and
/// their libraries are closed.
///
/// # Trust
///
/// A native module is code: from the moment that it is loaded, it may do what the program may, and its constructors run before
/// anything can be checked but its headers. Load only what you would run. What the manifest says is checked as if it
/// came from an enemy, because mistakes look the same. A module in a sandbox can do nothing but what it is called for.
#[derive(Clone)]
pub struct ModuleHost {
    shared: Arc<Shared>,
}

impl ModuleHost {
    /// A host without modules. `version` is what modules mean by their required version of the host.
    pub fn new(version: ModuleVersion) -> Self {
        Self {
            shared: Arc::new(Shared::new(version, HostState(ptr::null_mut()))),
        }
    }

    /// As [`new`](Self::new). All functions and hooks of native modules get `state`, at which the host never looks.
    ///
    /// # Safety
    ///
    /// What modules and fallbacks do with `state`, on any thread and for as long as the host or one of its functions has a
    /// handle, is sound.
    pub unsafe fn with_state(version: ModuleVersion, state: *mut c_void) -> Self {
        Self {
            shared: Arc::new(Shared::new(version, HostState(state))),
        }
    }

    /// The version of the host.
    pub fn version(&self) -> ModuleVersion {
        self.shared.version
    }

    /// Sets what runs for `full_name` (`<module>.<function>`) as long as no loaded module offers it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadName`], and [`ErrorKind::FallbackTaken`] if it has one.
    ///
    /// # Safety
    ///
    /// `fallback` takes what is passed to calls of this function, on any thread.
    pub unsafe fn register_fallback(&self, full_name: &str, fallback: ModuleFn) -> Result<(), ModuleError> {
        check_full_name(full_name)?;
        let fallback = Fallback {
            function: fallback,
            context: self.shared.state.0,
            _value: None,
        };
        self.add_fallbacks(vec![(full_name.into(), fallback)])
    }

    pub(crate) fn add_fallbacks(&self, fallbacks: Vec<(String, Fallback)>) -> Result<(), ModuleError> {
        self.shared.add_fallbacks(fallbacks)
    }

    /// Loads the module in this file, whose name no other may have.
    ///
    /// # Errors
    ///
    /// See [`Change::commit`].
    pub fn load(&self, path: impl Into<PathBuf>) -> Result<Changed, ModuleError> {
        self.change().load(path).commit()
    }

    /// Replaces a module by the one in this file, which has the same name. Modules that need it are initialised anew.
    ///
    /// # Errors
    ///
    /// See [`Change::commit`].
    pub fn reload(&self, path: impl Into<PathBuf>) -> Result<Changed, ModuleError> {
        self.change().reload(path).commit()
    }

    /// Unloads a module. Calls of its functions go to their fallbacks from then on.
    ///
    /// # Errors
    ///
    /// See [`Change::commit`].
    pub fn unload(&self, name: &str) -> Result<Changed, ModuleError> {
        self.change().unload(name).commit()
    }

    /// Takes the last change of a module back: what was there before is there again, with the statics that it had then. Once
    /// more takes the change before it back, as far as they are [kept](Self::keep).
    ///
    /// # Errors
    ///
    /// See [`Change::commit`].
    pub fn rollback(&self, name: &str) -> Result<Changed, ModuleError> {
        self.change().rollback(name).commit()
    }

    /// Begins a change of several modules, which is made as one.
    pub fn change(&self) -> Change<'_> {
        Change::new(&self.shared)
    }

    /// Keeps this many steps of each module for roll-backs from now on. It begins with 3. Libraries that are kept stay in
    /// memory.
    pub fn keep(&self, steps: usize) {
        let forgotten = self.shared.book().history.keep(steps);
        // Outside of the lock: it closes libraries, whose destructors may do anything.
        drop(forgotten);
    }

    /// The handle of a function, `<module>.<function>`. It is valid whether or not anybody offers the function, and across all
    /// changes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BadName`].
    pub fn function(&self, full_name: &str) -> Result<Function, ModuleError> {
        self.typed_function(full_name, 0)
    }

    /// The handle of a function whose types are those of a contract in all tables from `since` on.
    pub(crate) fn typed_function(&self, full_name: &str, since: u64) -> Result<Function, ModuleError> {
        check_full_name(full_name)?;
        let (slot, name) = self.shared.slot(full_name);
        Ok(Function::new(self.shared.clone(), slot, name, since))
    }

    /// From now on, what is loaded as `module` must fulfil `contract`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Contract`] if the module is loaded already and does not, or if another contract that is expected of it has
    /// the same functions with other types: then this one is not expected.
    pub fn expect(&self, module: &str, contract: &'static Contract) -> Result<(), ModuleError> {
        self.expect_since(module, contract).map(drop)
    }

    /// As [`expect`](Self::expect), with the serial number of the first table in which the contract is fulfilled.
    pub(crate) fn expect_since(&self, module: &str, contract: &'static Contract) -> Result<u64, ModuleError> {
        if let Some(since) = self.expected(module).since(contract) {
            return Ok(since);
        }
        refuse_inside("nothing can be expected of modules")?;
        let _turn = self.shared.departures.turn();
        let mut expected = self.expected(module);
        if let Some(since) = expected.since(contract) {
            return Ok(since);
        }
        expected.check(module, contract)?;
        // Only whoever has the turn adds contracts and changes modules; others may make tables.
        let loaded = self.shared.book().modules.get(module).cloned();
        let mut contracts = expected.contracts();
        contracts.push(contract);
        if let Some(instance) = &loaded {
            instance.fulfil(&contracts)?;
        }
        let mut book = self.shared.book();
        let since = book.next_serial();
        expected.add(contract, since);
        book.contracts.insert(module.into(), expected);
        self.shared.publish(&mut book, Vec::new());
        Ok(since)
    }

    fn expected(&self, module: &str) -> Expected {
        self.shared
            .book()
            .contracts
            .get(module)
            .cloned()
            .unwrap_or_default()
    }

    /// Runs `f` on one state of the modules from beginning to end: all calls of functions of this host that this thread makes
    /// meanwhile go to what was there when it began, whatever is changed. What leaves is in memory until then.
    ///
    /// A nested one keeps to the state of the outermost. Hot functions stay with one generation, as in
    /// `hotpatch::consistent`.
    pub fn consistent<R>(&self, f: impl FnOnce() -> R) -> R {
        let shared = &*self.shared;
        if inside::stays_with(shared).is_some() {
            return f();
        }
        // SAFETY: it is asked for inside a scope, in which `f` runs.
        inside::stay(shared, || unsafe { shared.live.table() }, f)
    }

    /// How much each module in the sandbox may take, if nothing is said of it by [`limit_module`](Self::limit_module). It
    /// counts for modules that are loaded from now on.
    #[cfg(feature = "wasm")]
    pub fn limit(&self, limits: crate::Limits) {
        self.shared.limits().set_all(limits);
    }

    /// How much the module of that name may take, if it is loaded into the sandbox from now on.
    #[cfg(feature = "wasm")]
    pub fn limit_module(&self, module: &str, limits: crate::Limits) {
        self.shared.limits().set(module, limits);
    }

    /// The modules that are loaded, by name.
    pub fn modules(&self) -> Vec<ModuleStatus> {
        let book = self.shared.book();
        let modules = book.modules.values();
        modules
            .map(|instance| instance.status(book.history.steps(instance.name())))
            .collect()
    }

    /// How many changes were made.
    pub fn generation(&self) -> u64 {
        self.shared.book().generation
    }

    /// Waits until all modules that have left are gone: their last calls have ended, `on_unload` has run, and those that no
    /// roll-back needs are closed. Gives back whether that is so after `at_most`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InsideCall`].
    pub fn settle(&self, at_most: Duration) -> Result<bool, ModuleError> {
        refuse_inside("nobody can wait for modules to leave")?;
        let now = Instant::now();
        // Longer than an instant can tell is as good as for ever.
        let end = now
            .checked_add(at_most)
            .unwrap_or(now + Duration::from_secs(u32::MAX.into()));
        Ok(self.shared.departures.settle(end))
    }

    /// What `on_unload` of modules that left had to say, if it did not succeed, since this was last asked.
    pub fn take_complaints(&self) -> Vec<String> {
        self.shared.departures.take_complaints()
    }
}

fn check_full_name(full_name: &str) -> Result<(), ModuleError> {
    match full_name.rsplit_once('.') {
        Some((module, function)) if !module.is_empty() && !function.is_empty() => Ok(()),
        _ => Err(ModuleError::new(
            ErrorKind::BadName,
            format!("`{full_name}` is no full name of a function: write `<module>.<function>`"),
        )),
    }
}

impl fmt::Debug for ModuleHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleHost")
            .field("version", &self.shared.version)
            .field("modules", &self.modules())
            .finish_non_exhaustive()
    }
}
