//! A module in the sandbox, as the host sees it.
//!
//! It has one instance, which threads take turns with: like a native module it has one memory, and what a call left there the
//! next one finds. An instance that was interrupted may have been in the middle of anything, so it is thrown away, and a
//! new one is made for the next call.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use crate::abi::{ModuleVersion, STATUS_STOPPED};
use crate::contract::ContractFunction;
use crate::host::backend::{Entry, Loaded};
use crate::host::call_error::{CallErrorKind, note};
use crate::host::manifest::Manifest;
use crate::host::status::Machine;

use super::guest::{Guest, Mould};
use super::limits::Limits;
use super::plan::Plan;
use super::stop::Stop;
use super::turn::{NoTurn, Turn, Turns};

/// A module in the sandbox.
pub(super) struct Sandboxed {
    manifest: Manifest,
    place: Arc<Place>,
    /// What entries have as their context. They stay where they are for as long as the module.
    bound: Mutex<Vec<Arc<Bound>>>,
}

/// Where a module runs.
struct Place {
    /// Its name and version, for messages.
    title: String,
    mould: Mould,
    limits: Limits,
    guest: Turns<Option<Guest>>,
}

/// A function that can be called.
struct Bound {
    place: Arc<Place>,
    index: usize,
    described: Option<&'static ContractFunction>,
    plan: Plan,
}

impl Sandboxed {
    pub(super) fn new(mut manifest: Manifest, mould: Mould, limits: Limits) -> Self {
        let title = format!("module `{}` {}", manifest.name, manifest.version);
        // Making the instance is part of loading, with or without a hook of the module.
        manifest.hooks.on_load = true;
        let guest = Turns::new(None);
        let place = Arc::new(Place {
            title,
            mould,
            limits,
            guest,
        });
        Self {
            manifest,
            place,
            bound: Mutex::new(Vec::new()),
        }
    }
}

impl Loaded for Sandboxed {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn machine(&self) -> Machine {
        Machine::Sandbox
    }

    fn entry(&self, index: usize, described: Option<&'static ContractFunction>) -> Result<Entry, String> {
        let entry = |bound: &Bound| Entry {
            function: call,
            context: (&raw const *bound).cast_mut().cast(),
        };
        let mut all = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |bound: &&Arc<Bound>| {
            bound.index == index && bound.described.map(ptr_of) == described.map(ptr_of)
        };
        if let Some(bound) = all.iter().find(same) {
            return Ok(entry(bound));
        }
        let offered = &self.manifest.functions[index];
        let plan = match described {
            Some(function) => Plan::described(function, offered)?,
            None => Plan::plain(offered),
        };
        let bound = Arc::new(Bound {
            place: self.place.clone(),
            index,
            described,
            plan,
        });
        let entry = entry(&bound);
        all.push(bound);
        Ok(entry)
    }

    fn on_load(&self) -> Result<(), String> {
        self.place
            .with_guest(Fresh::AsItIs, Guest::on_load)
            .map_err(|stop| stop.text)
    }

    fn on_reload(&self, old_version: ModuleVersion) -> Result<(), String> {
        let reload = |guest: &mut Guest| guest.on_reload(old_version);
        self.place
            .with_guest(Fresh::AsItIs, reload)
            .map_err(|stop| stop.text)
    }

    fn on_unload(&self) -> Result<(), String> {
        self.place
            .with_guest(Fresh::Needless, Guest::on_unload)
            .map_err(|stop| stop.text)
    }
}

/// What is done where there is no instance.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fresh {
    /// One is made. What is about to run initialises it.
    AsItIs,
    /// One is made, and initialised with `on_load`.
    Initialised,
    /// Nothing: there is nothing to be put in order.
    Needless,
}

impl Place {
    /// Has a turn with the instance. One that was interrupted is thrown away.
    fn with_guest<R: Default>(
        &self,
        fresh: Fresh,
        run: impl FnOnce(&mut Guest) -> Result<R, Stop>,
    ) -> Result<R, Stop> {
        let mut turn = self.turn()?;
        if turn.is_none() {
            if fresh == Fresh::Needless {
                return Ok(R::default());
            }
            let mut guest = self.mould.cast()?;
            if fresh == Fresh::Initialised {
                guest.on_load()?;
            }
            *turn = Some(guest);
        }
        let guest = turn.as_mut().expect("it was there, or was made");
        let result = run(guest);
        if matches!(&result, Err(stop) if stop.interrupted) {
            *turn = None;
        }
        result
    }

    fn turn(&self) -> Result<Turn<'_, Option<Guest>>, Stop> {
        let why = |why| {
            match why {
            NoTurn::Busy => format!(
                "other calls of the module ran for all of the {:?} that this one may wait: let it have more with \
                 `Limits::time`, or call it less often",
                self.limits.time
            ),
            NoTurn::OnThisThread => {
                "it was called from inside one of its own calls, which runs on this thread: let that one end first".into()
            }
        }
        };
        self.guest
            .wait(self.limits.time)
            .map_err(|no_turn| Stop::outside(why(no_turn)))
    }
}

/// Calls the function that `bound` stands for.
///
/// # Safety
///
/// As for [`ModuleFn`](crate::abi::ModuleFn); `bound` is the context of an entry whose module is loaded.
unsafe extern "C" fn call(bound: *mut c_void, input: *const c_void, output: *mut c_void) -> i32 {
    // SAFETY: it points to what the module keeps for as long as it is loaded, which the caller promises.
    let bound = unsafe { &*bound.cast_const().cast::<Bound>() };
    let place = &*bound.place;
    let result = place.with_guest(Fresh::Initialised, |guest| {
        // SAFETY: that they are what the function takes is what the caller promises.
        unsafe { bound.plan.call(guest, bound.index, input, output) }
    });
    match result {
        // SAFETY: it is the output of this call.
        Ok(gave_back) => unsafe { gave_back.deliver(output) },
        Err(stop) => {
            let mut details = format!("{}: {}", place.title, stop.text);
            if stop.interrupted {
                details += "\nits next call begins with a new memory";
            }
            note(STATUS_STOPPED, CallErrorKind::Stopped, Some(details))
        }
    }
}

fn ptr_of(function: &'static ContractFunction) -> *const ContractFunction {
    function
}
