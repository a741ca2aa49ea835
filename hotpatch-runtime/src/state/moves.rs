//! What migrations have taken from old values, so that the rest of these can be dropped afterwards.

use std::cell::RefCell;
use std::ops::Range;

use super::description::Description;
use super::recall::Recall;

/// A part of an old value: how far it is from where the value begins, and what it is, as a struct and its first field lie
/// in the same place.
type Part = (usize, *const Description);

/// The moves of all migrations of a commit, one value after the other.
#[derive(Debug, Default)]
pub(super) struct Moves {
    is_back: bool,
    recall: Recall,
    log: RefCell<Log>,
}

#[derive(Debug, Default)]
struct Log {
    /// Where the value begins that is being migrated.
    value: usize,
    /// What has left each value, in order; what has left the one at work, at the end.
    moved: Vec<Part>,
    /// What of each value was taken apart.
    opened: Vec<Part>,
    last: Span,
}

/// Where the moves of one value are. Values that were taken apart in the same way share theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    moved: Range<usize>,
    opened: Range<usize>,
}

impl Moves {
    /// Of migrations to what earlier code uses, if `is_back`.
    pub(super) fn new(is_back: bool) -> Self {
        Self {
            is_back,
            ..Self::default()
        }
    }

    pub(super) fn is_back(&self) -> bool {
        self.is_back
    }

    /// What is known of the types so far.
    pub(super) fn recall(&self) -> &Recall {
        &self.recall
    }

    /// What `migrate` moves belongs to the value that begins here.
    pub(super) fn of<T>(&self, value: *const u8, migrate: impl FnOnce() -> T) -> (T, Span) {
        self.log.borrow_mut().value = value.addr();
        let outcome = migrate();
        (outcome, self.log.borrow_mut().end())
    }

    /// The part has a second copy in the new value.
    pub(super) fn moved(&self, part: *const u8, description: &'static Description) {
        let log = &mut *self.log.borrow_mut();
        log.moved.push(relative(part, log.value, description));
    }

    /// The part is taken apart.
    pub(super) fn open(&self, part: *const u8, description: &'static Description) {
        let log = &mut *self.log.borrow_mut();
        log.opened.push(relative(part, log.value, description));
    }

    /// What has left the value that begins here.
    pub(super) fn taken(&mut self, value: *const u8, span: &Span) -> Taken<'_> {
        let log = self.log.get_mut();
        Taken {
            value: value.addr(),
            moved: &log.moved[span.moved.clone()],
            opened: &log.opened[span.opened.clone()],
        }
    }
}

impl Log {
    /// Ends the moves of one value. They are forgotten if those of the last one were the same.
    fn end(&mut self) -> Span {
        let span = Span {
            moved: self.last.moved.end..self.moved.len(),
            opened: self.last.opened.end..self.opened.len(),
        };
        self.moved[span.moved.clone()].sort_unstable();
        self.opened[span.opened.clone()].sort_unstable();
        if self.moved[span.moved.clone()] == self.moved[self.last.moved.clone()]
            && self.opened[span.opened.clone()] == self.opened[self.last.opened.clone()]
        {
            self.moved.truncate(span.moved.start);
            self.opened.truncate(span.opened.start);
        } else {
            self.last = span;
        }
        self.last.clone()
    }
}

/// What has left one value, in order.
pub(super) struct Taken<'a> {
    value: usize,
    moved: &'a [Part],
    opened: &'a [Part],
}

impl Taken<'_> {
    pub(super) fn is_moved(&self, part: *const u8, description: &'static Description) -> bool {
        let part = relative(part, self.value, description);
        self.moved.binary_search(&part).is_ok()
    }

    pub(super) fn is_opened(&self, part: *const u8, description: &'static Description) -> bool {
        let part = relative(part, self.value, description);
        self.opened.binary_search(&part).is_ok()
    }
}

/// Parts in other memory are as far away as they are, in either direction.
fn relative(part: *const u8, value: usize, description: *const Description) -> Part {
    (part.addr().wrapping_sub(value), description)
}
