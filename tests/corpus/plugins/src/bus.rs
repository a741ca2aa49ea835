//! What all plugins share: a log behind `Rc<RefCell<..>>`, with a place for everyone.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use crate::event::Level;

#[derive(Debug)]
pub struct Entry {
    pub from: String,
    pub level: Level,
    pub size: u16,
}

#[derive(Clone, Default)]
pub struct Bus {
    log: Rc<RefCell<Vec<Entry>>>,
    counts: Rc<RefCell<BTreeMap<String, Rc<Cell<u32>>>>>,
}

/// Looks at the log without keeping it alive.
pub struct Observer(Weak<RefCell<Vec<Entry>>>);

impl Bus {
    pub fn say(&self, from: &str, level: Level, text: &str) {
        let entry = Entry {
            from: from.to_owned(),
            level,
            size: text.len() as u16,
        };
        self.log.borrow_mut().push(entry);
        self.counter(from).set(self.counter(from).get() + 1);
    }

    pub fn counter(&self, name: &str) -> Rc<Cell<u32>> {
        let mut counts = self.counts.borrow_mut();
        Rc::clone(counts.entry(name.to_owned()).or_default())
    }

    pub fn size(&self) -> usize {
        self.log.borrow().len()
    }

    pub fn observer(&self) -> Observer {
        Observer(Rc::downgrade(&self.log))
    }
}

impl Observer {
    pub fn summary(&self) -> String {
        let Some(log) = self.0.upgrade() else {
            return "gone".to_owned();
        };
        let log = log.borrow();
        let loud = log.iter().filter(|entry| entry.level == Level::Loud).count();
        match log.last() {
            Some(Entry { from, level, size }) => {
                let share = if loud > 0 { "some" } else { "none" };
                format!("{share} loud, last {from} at {level:?}, {size} bytes")
            }
            None => "silence".to_owned(),
        }
    }
}
