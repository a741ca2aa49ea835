//! The part of a commit, or of a roll-back, that is about values: planned with a table that is not live yet, and carried out
//! around its publication.

use crate::drain::Values;
use crate::refusal::Refusal;
use crate::report::Migrated;
use crate::state::{self, Direction, Shift};
use crate::table::{Description, Table, Unpublished};

/// What a commit does to values.
pub(crate) struct Migration {
    /// The code that makes new ones; `None` if there are no values at all.
    next: Option<Unpublished>,
    shift: Shift,
}

impl Migration {
    /// Looks at what the next table says of the types that there are values of.
    pub(crate) fn plan(description: impl FnOnce() -> Description) -> Self {
        if !state::any() {
            return Self {
                next: None,
                shift: Shift::default(),
            };
        }
        let next = Table::unpublished(description());
        let shift = Shift::plan(&next);
        Self {
            next: Some(next),
            shift,
        }
    }

    /// Whether values are made anew, so that nobody may use one.
    pub(crate) fn values(&self) -> Values {
        match self.shift.migrates() {
            true => Values::Migrate,
            false => Values::Stay,
        }
    }

    /// Makes the new values. Nobody uses one.
    ///
    /// # Errors
    ///
    /// `HP0609`, and nothing has changed.
    pub(crate) fn make(&mut self, direction: Direction) -> Result<(), Refusal> {
        match &self.next {
            Some(next) if self.shift.migrates() => self.shift.make(next, direction),
            _ => Ok(()),
        }
    }

    /// Publishes, and puts the new values into their places. `before` is the table that was live. `open` lets others use
    /// values again.
    pub(crate) fn commit<T>(
        self,
        before: &Table,
        publish: impl FnOnce() -> T,
        open: impl FnOnce(),
    ) -> (T, Vec<Migrated>) {
        let published = publish();
        let mut leaving = self.shift.commit();
        open();
        let migrated = leaving.migrated();
        leaving.end(before);
        (published, migrated)
    }
}
