//! What a migration has taken from an old value, so that the rest of it can be dropped afterwards.

use std::cell::RefCell;

use super::description::Description;

/// Parts of one old value, told by their place and description: a struct and its first field lie in the same place.
type Place = (*const u8, *const Description);

/// The moves of one migration.
#[derive(Debug, Default)]
pub(super) struct Moves {
    is_back: bool,
    log: RefCell<Log>,
}

#[derive(Debug, Default)]
struct Log {
    moved: Vec<Place>,
    opened: Vec<Place>,
    is_sorted: bool,
}

impl Moves {
    /// Of a migration to what earlier code uses, if `is_back`.
    pub(super) fn new(is_back: bool) -> Self {
        Self {
            is_back,
            ..Self::default()
        }
    }

    pub(super) fn is_back(&self) -> bool {
        self.is_back
    }

    /// The part has a second copy in the new value.
    pub(super) fn moved(&self, value: *const u8, description: &'static Description) {
        self.log.borrow_mut().moved.push((value, description));
    }

    /// The part is taken apart.
    pub(super) fn open(&self, value: *const u8, description: &'static Description) {
        self.log.borrow_mut().opened.push((value, description));
    }

    /// Begins the questions: nothing is noted any more.
    pub(super) fn seal(&self) {
        let mut log = self.log.borrow_mut();
        log.moved.sort_unstable();
        log.opened.sort_unstable();
        log.is_sorted = true;
    }

    pub(super) fn is_moved(&self, value: *const u8, description: &'static Description) -> bool {
        let log = self.log.borrow();
        debug_assert!(log.is_sorted);
        log.moved.binary_search(&(value, ptr_of(description))).is_ok()
    }

    pub(super) fn is_opened(&self, value: *const u8, description: &'static Description) -> bool {
        let log = self.log.borrow();
        log.opened.binary_search(&(value, ptr_of(description))).is_ok()
    }
}

fn ptr_of(description: &'static Description) -> *const Description {
    description
}
