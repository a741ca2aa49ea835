//! What the handles of a host share, and the locks around it.
//!
//! Three locks, taken in this order and each for a purpose of its own:
//!
//! - the turn ([`Departures`]): one change at a time, held while hooks run. Whoever is inside a call or a hook is refused before
//!   it would wait for it.
//! - the [`Book`]: what is loaded, offered and expected. Held for moments, never while code of a module runs.
//! - the list of those that have left, in [`Departures`]: held for moments.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hotpatch_runtime::module_host::Moment;

use crate::abi::ModuleVersion;
use crate::host::backend::HostState;
use crate::host::departure::{Departing, Departures};
use crate::host::error::{ErrorKind, ModuleError};
use crate::host::expected::Expected;
use crate::host::fallback::Fallback;
use crate::host::history::History;
use crate::host::inside::Inside;
use crate::host::instance::Instance;
use crate::host::plan::last_first;
use crate::host::table::{Live, Slot, Table, UNAVAILABLE};

/// The modules that are loaded, by name.
pub(super) type Modules = BTreeMap<String, Arc<Instance>>;

/// What the handles of a host share.
pub(crate) struct Shared {
    pub(super) live: Live,
    pub(super) version: ModuleVersion,
    pub(super) state: HostState,
    #[cfg(feature = "wasm")]
    limits: Mutex<crate::sandbox::LimitsByName>,
    book: Mutex<Book>,
    pub(super) departures: Arc<Departures>,
}

/// What is loaded, offered and expected.
pub(super) struct Book {
    /// Counts the changes.
    pub(super) generation: u64,
    pub(super) modules: Modules,
    pub(super) history: History,
    /// What modules must fulfil, by their names.
    pub(super) contracts: HashMap<String, Expected>,
    /// Counts the tables.
    serial: u64,
    fallbacks: HashMap<String, Fallback>,
    /// The full names of the functions that have a slot, in the order of their slots.
    names: Vec<Arc<str>>,
    slots: HashMap<Arc<str>, Slot>,
    /// The table that is live.
    table: Box<Table>,
}

impl Shared {
    pub(super) fn new(version: ModuleVersion, state: HostState) -> Self {
        let table = Table::new(0, []);
        Self {
            live: Live::new(&table),
            version,
            state,
            #[cfg(feature = "wasm")]
            limits: Mutex::default(),
            book: Mutex::new(Book {
                generation: 0,
                modules: Modules::new(),
                history: History::default(),
                contracts: HashMap::new(),
                serial: 0,
                fallbacks: HashMap::new(),
                names: Vec::new(),
                slots: HashMap::new(),
                table,
            }),
            departures: Arc::default(),
        }
    }

    /// How much modules in the sandbox may take.
    #[cfg(feature = "wasm")]
    pub(super) fn limits(&self) -> MutexGuard<'_, crate::sandbox::LimitsByName> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The book of a host that nobody else has.
    pub(super) fn book_mut(&mut self) -> &mut Book {
        self.book.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what the book says live. `left` are the modules that are in it no more.
    pub(super) fn publish(&self, book: &mut Book, left: Vec<Arc<Instance>>) {
        let modules = std::mem::take(&mut book.modules);
        let table = book.table_of(&modules);
        book.modules = modules;
        self.live.publish(&table);
        let before = std::mem::replace(&mut book.table, table);
        // After the store: calls that begin later find the new table.
        self.departures.add(Departing::new(Moment::now(), before, left));
    }

    /// The slot and the name of a function, which gets a slot if it has none.
    pub(super) fn slot(&self, full_name: &str) -> (Slot, Arc<str>) {
        let mut book = self.book();
        let (slot, name) = book.slot(full_name);
        // A change whose hooks are running may have given the slot.
        if !book.table.covers(slot) {
            self.publish(&mut book, Vec::new());
        }
        (slot, name)
    }

    /// Adds all of these, or none.
    pub(super) fn add_fallbacks(&self, fallbacks: Vec<(String, Fallback)>) -> Result<(), ModuleError> {
        let mut book = self.book();
        let mut names = fallbacks.iter().map(|(full_name, _)| full_name);
        if let Some(full_name) = names.find(|full_name| book.fallbacks.contains_key(*full_name)) {
            return Err(ModuleError::new(
                ErrorKind::FallbackTaken,
                format!(
                    "`{full_name}` has a fallback already, which stays: register one fallback for each function"
                ),
            ));
        }
        for (full_name, fallback) in fallbacks {
            book.slot(&full_name);
            book.fallbacks.insert(full_name, fallback);
        }
        self.publish(&mut book, Vec::new());
        Ok(())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let departures = self.departures.clone();
        if Inside::is_here() {
            // The turn may be that of this thread: a hook has dropped the last handle.
            let book = self.book_mut();
            let modules = last_first(&std::mem::take(&mut book.modules));
            let table = std::mem::replace(&mut book.table, Table::new(0, []));
            departures.add(Departing::new(Moment::now(), table, modules));
            departures.look_later();
            return;
        }
        let turn = departures.turn();
        // No handle of a function is left, so no call is running.
        turn.let_all_go();
        for instance in last_first(&std::mem::take(&mut self.book_mut().modules)) {
            // There is nobody to tell any more.
            let _ = instance.leave();
        }
    }
}

impl Book {
    fn slot(&mut self, full_name: &str) -> (Slot, Arc<str>) {
        if let Some((name, slot)) = self.slots.get_key_value(full_name) {
            return (*slot, name.clone());
        }
        let name: Arc<str> = full_name.into();
        self.names.push(name.clone());
        let slot = Slot(self.names.len());
        self.slots.insert(name.clone(), slot);
        (slot, name)
    }

    /// The serial number of the table that is made next.
    pub(super) fn next_serial(&self) -> u64 {
        self.serial + 1
    }

    /// The table for these modules, whose functions get slots.
    pub(super) fn table_of(&mut self, modules: &Modules) -> Box<Table> {
        for instance in modules.values() {
            for full_name in instance.full_names() {
                self.slot(full_name);
            }
        }
        let mut entries = vec![UNAVAILABLE; self.names.len()];
        let mut set = |full_name: &str, entry| entries[self.slots[full_name].0 - 1] = entry;
        for (full_name, fallback) in &self.fallbacks {
            set(full_name, fallback.entry());
        }
        for instance in modules.values() {
            for (full_name, entry) in instance.full_names().iter().zip(instance.entries().iter()) {
                set(full_name, *entry);
            }
        }
        self.serial += 1;
        Table::new(self.serial, entries)
    }
}
