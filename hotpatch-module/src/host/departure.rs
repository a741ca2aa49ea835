//! The end of modules: what was replaced stays in memory until the last call that may use it has ended.
//!
//! Every change looks who has left, and a thread of its own does while somebody is about to: it is started for this and ends
//! with it. `on_unload` runs with the turn, as all hooks do.

use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hotpatch_runtime::module_host::{Moment, without_signals};

use crate::host::inside::Inside;
use crate::host::instance::Instance;
use crate::host::table::Table;

/// How often the thread looks: at first, and when it takes long.
const SOON: Duration = Duration::from_millis(1);
const LATER: Duration = Duration::from_millis(100);
/// How often a change looks itself.
const LOOKS: usize = 5;

/// What calls may still use that were running at a moment.
pub(super) struct Departing {
    since: Moment,
    /// A table that was replaced then.
    _table: Box<Table>,
    /// The modules that left then, in the order in which they go.
    modules: Vec<Arc<Instance>>,
}

impl Departing {
    pub(super) fn new(since: Moment, table: Box<Table>, modules: Vec<Arc<Instance>>) -> Self {
        Self {
            since,
            _table: table,
            modules,
        }
    }
}

/// Who is about to leave a host, and whose turn it is to change it.
#[derive(Default)]
pub(super) struct Departures {
    turn: Mutex<()>,
    leaving: Mutex<Leaving>,
    /// Told when somebody has left.
    left: Condvar,
}

#[derive(Default)]
struct Leaving {
    list: Vec<Departing>,
    /// The process in which the thread runs; a forked child has none.
    thread_in: Option<u32>,
    /// What modules had to say when they left.
    complaints: Vec<String>,
}

/// As many complaints are kept as somebody may read.
const MOST_COMPLAINTS: usize = 100;

impl Leaving {
    fn has_modules(&self) -> bool {
        self.list.iter().any(|departing| !departing.modules.is_empty())
    }
}

/// The right to change the host.
pub(super) struct Turn<'a> {
    departures: &'a Arc<Departures>,
    _turn: MutexGuard<'a, ()>,
    _inside: Inside,
}

impl Departures {
    /// Waits for the turn. The thread must not be inside.
    pub(super) fn turn(self: &Arc<Self>) -> Turn<'_> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        Turn {
            departures: self,
            _turn: turn,
            _inside: Inside::enter(),
        }
    }

    fn leaving(&self) -> MutexGuard<'_, Leaving> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, departing: Departing) {
        let mut leaving = self.leaving();
        leaving.list.push(departing);
        // A table has no hook to run.
        leaving
            .list
            .retain_mut(|departing| !departing.modules.is_empty() || !departing.since.is_over());
    }

    /// Waits until all that have left are gone, at most until `until`. The thread must not be inside.
    pub(super) fn settle(self: &Arc<Self>, until: Instant) -> bool {
        let mut pause = SOON;
        loop {
            self.turn().look();
            let leaving = self.leaving();
            let left = until.saturating_duration_since(Instant::now());
            if !leaving.has_modules() {
                return true;
            } else if left.is_zero() {
                return false;
            }
            // The end of a call tells nobody.
            drop(self.left.wait_timeout(leaving, pause.min(left)));
            pause = (pause * 2).min(LATER);
        }
    }

    /// What modules had to say when they left, since the last time that this was asked.
    pub(super) fn take_complaints(&self) -> Vec<String> {
        std::mem::take(&mut self.leaving().complaints)
    }

    /// Has the thread look, which is started for this if need be.
    pub(super) fn look_later(self: &Arc<Self>) {
        let mut leaving = self.leaving();
        let process = process::id();
        if !leaving.has_modules() || leaving.thread_in == Some(process) {
            return;
        }
        let departures = self.clone();
        let spawn = || {
            thread::Builder::new()
                .name("hotpatch-modules".into())
                .spawn(move || departures.run())
        };
        // Without it, they go with later changes.
        if without_signals(spawn).is_ok() {
            leaving.thread_in = Some(process);
        }
    }

    fn run(self: Arc<Self>) {
        let mut pause = SOON;
        loop {
            thread::sleep(pause);
            pause = (pause * 2).min(LATER);
            self.turn().look();
            let mut leaving = self.leaving();
            if !leaving.has_modules() {
                leaving.thread_in = None;
                return;
            }
        }
    }
}

impl Turn<'_> {
    /// A module has come back before its last call ended: it has never left.
    pub(super) fn take_back(&self, instance: &Arc<Instance>) {
        for departing in &mut self.departures.leaving().list {
            departing
                .modules
                .retain(|leaving| !Arc::ptr_eq(leaving, instance));
        }
    }

    /// Lets those go whose last call has ended. If others stay, a thread will look again.
    pub(super) fn let_go(&self) {
        // Most calls end at once.
        for _ in 0..LOOKS {
            self.look();
            if !self.departures.leaving().has_modules() {
                return;
            }
            thread::yield_now();
        }
        self.departures.look_later();
    }

    fn look(&self) {
        self.release(|departing| departing.since.is_over());
    }

    /// Lets all of them go: no call can be running.
    pub(super) fn let_all_go(&self) {
        self.release(|_| true);
    }

    fn release(&self, mut is_over: impl FnMut(&mut Departing) -> bool) {
        let over: Vec<Departing> = {
            let mut leaving = self.departures.leaving();
            let mut list = std::mem::take(&mut leaving.list);
            let over = list.extract_if(.., |departing| is_over(departing)).collect();
            leaving.list = list;
            over
        };
        for departing in over {
            for instance in &departing.modules {
                if let Err(complaint) = instance.leave() {
                    let complaints = &mut self.departures.leaving().complaints;
                    complaints.truncate(MOST_COMPLAINTS - 1);
                    complaints.push(complaint);
                }
            }
            drop(departing);
        }
        self.departures.left.notify_all();
    }
}
