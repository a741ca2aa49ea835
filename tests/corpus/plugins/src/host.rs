//! The host: it owns the plugins and passes events to them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use hotpatch::hotpatch;

use crate::bus::{Bus, Observer};
use crate::event::Event;
use crate::filter::Hook;
use crate::plugin::Plugin;

pub static EVENTS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    pub static DEPTH: Cell<u8> = const { Cell::new(0) };
    pub static LAST: RefCell<String> = RefCell::new("nothing".to_owned());
}

pub struct Host {
    pub name: &'static str,
    pub seen: Rc<Cell<u32>>,
    pub bus: Bus,
    observer: Observer,
    plugins: Vec<Box<dyn Plugin>>,
    pub hooks: Vec<Hook>,
    pub stats: Stats,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Stats {
    pub answered: u32,
    pub silent: u32,
}

impl Host {
    pub fn new(name: &'static str) -> Self {
        let bus = Bus::default();
        Self {
            name,
            seen: Rc::default(),
            observer: bus.observer(),
            bus,
            plugins: Vec::new(),
            hooks: Vec::new(),
            stats: Stats::default(),
        }
    }

    pub fn register(&mut self, plugin: Box<dyn Plugin>) {
        self.plugins.push(plugin);
        self.plugins.sort_by_key(|plugin| plugin.weight());
    }

    /// Takes the last plugin of a name away.
    pub fn unregister(&mut self, name: &str) -> bool {
        let last = self.plugins.iter().rposition(|plugin| plugin.name() == name);
        last.map(|last| self.plugins.remove(last)).is_some()
    }

    pub fn hook(&mut self, hook: Hook) {
        self.hooks.push(hook);
    }

    #[hotpatch]
    pub fn publish(&mut self, text: &str) -> String {
        DEPTH.set(DEPTH.get() + 1);
        let at = EVENTS.fetch_add(1, Ordering::Relaxed);
        let event = self
            .hooks
            .iter()
            .fold(Event::parse(text, at), |event, hook| hook(event));
        let bus = &self.bus;
        let answers: Vec<String> = self
            .plugins
            .iter_mut()
            .filter_map(|plugin| plugin.on_event(&event, bus))
            .collect();
        LAST.with_borrow_mut(|last| text.clone_into(last));
        self.account(answers.is_empty());
        DEPTH.set(DEPTH.get() - 1);
        answers.join(" | ")
    }

    fn account(&mut self, silent: bool) {
        if silent {
            self.stats.silent += 1;
        } else {
            self.stats.answered += 1;
        }
    }

    pub fn find<T: Plugin>(&self) -> Option<&T> {
        let mut all = self.plugins.iter();
        all.find_map(|plugin| plugin.as_any().downcast_ref())
    }

    pub fn find_mut<T: Plugin>(&mut self) -> Option<&mut T> {
        let mut all = self.plugins.iter_mut();
        all.find_map(|plugin| plugin.as_any_mut().downcast_mut())
    }

    pub fn names(&self) -> String {
        let names: Vec<String> = self.plugins.iter().map(|plugin| plugin.describe()).collect();
        names.join(" ")
    }

    #[hotpatch]
    pub fn summary(&self) -> String {
        let Stats { answered, silent } = self.stats;
        let balance = if answered > silent { "chatty" } else { "quiet" };
        format!("{} is {balance}: {}", self.name, self.observer.summary())
    }
}
