//! The modules as they were before: what a roll-back goes to.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::host::instance::Instance;

/// A module as it was before one of its changes; `None` if it was not loaded.
pub(super) type Before = Option<Arc<Instance>>;

/// What each module was, as far as it is kept.
pub(super) struct History {
    kept: HashMap<String, VecDeque<Before>>,
    most: usize,
}

impl Default for History {
    fn default() -> Self {
        Self {
            kept: HashMap::new(),
            most: 3,
        }
    }
}

impl History {
    /// How many steps the module can be rolled back.
    pub(super) fn steps(&self, name: &str) -> usize {
        self.kept.get(name).map_or(0, VecDeque::len)
    }

    /// What the module was before its last change.
    pub(super) fn last(&self, name: &str) -> Option<&Before> {
        self.kept.get(name)?.back()
    }

    /// Notes what the module was before a change. Gives back what is kept no more.
    #[must_use = "it is dropped outside of all locks"]
    pub(super) fn push(&mut self, name: &str, before: Before) -> Vec<Before> {
        self.kept.entry(name.into()).or_default().push_back(before);
        self.trim(name)
    }

    /// Forgets the last step, which was taken back.
    pub(super) fn pop(&mut self, name: &str) {
        if let Some(steps) = self.kept.get_mut(name) {
            steps.pop_back();
            if steps.is_empty() {
                self.kept.remove(name);
            }
        }
    }

    /// Keeps this many steps of each module from now on. Gives back what is kept no more.
    #[must_use = "it is dropped outside of all locks"]
    pub(super) fn keep(&mut self, most: usize) -> Vec<Before> {
        self.most = most;
        let names: Vec<String> = self.kept.keys().cloned().collect();
        names.iter().flat_map(|name| self.trim(name)).collect()
    }

    fn trim(&mut self, name: &str) -> Vec<Before> {
        let Some(steps) = self.kept.get_mut(name) else {
            return Vec::new();
        };
        let old = steps.drain(..steps.len().saturating_sub(self.most)).collect();
        if steps.is_empty() {
            self.kept.remove(name);
        }
        old
    }
}
