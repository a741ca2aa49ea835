//! The migration of all values whose type a commit or a roll-back changes.
//!
//! The new values are made beside the old ones, by the code that is about to become live, while nobody is inside of
//! [`State::with`](super::State::with). When all are there, the commit goes on and they take the places of the old ones;
//! if one cannot be made, none does, and the commit is refused.

use std::cell::Cell as Slot;
use std::mem::{self, transmute};
use std::ptr::NonNull;

use super::agreement::agree;
use super::cell::Cell;
use super::description::Description;
use super::group;
use super::moves::{Moves, Span};
use super::value::{self, Made, Value};
use crate::live::Live;
use crate::refusal::{Refusal, refuse};
use crate::report::Migrated;
use crate::scope::Consistent;
use crate::sync::AtomicPtr;
use crate::table::Table;

thread_local! {
    /// Whether this thread makes values, or drops what is left of old ones. It has no destructor.
    static AT_WORK: Slot<bool> = const { Slot::new(false) };
}

/// Whether this thread runs code of the program for a migration.
pub(super) fn is_at_work() -> bool {
    AT_WORK.get()
}

/// Which way a commit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To code that comes later.
    Forward,
    /// To code that was live before.
    Back,
}

/// What a commit makes of the values.
#[derive(Default)]
pub(crate) struct Shift {
    changes: Vec<Change>,
    /// The new values.
    made: Vec<(NonNull<Cell>, Made, &'static Description)>,
    /// What was taken from the old ones.
    moves: Moves,
}

/// A type that the next code describes in a way of its own.
struct Change {
    origin: NonNull<()>,
    before: &'static Description,
    after: &'static Description,
    /// Whether values must be made anew.
    migrates: bool,
}

impl Shift {
    /// Asks the code of a table, which is not live yet, what it says of the types.
    pub(crate) fn plan(next: &Table) -> Self {
        let mut changes = Vec::new();
        for group in &*group::lock() {
            let code = next.code_of(group.origin).unwrap_or(group.origin);
            // SAFETY: the origin is `access::description` for a type, and every body that a table has for it is one of
            // that function; it describes and does nothing else.
            let after = unsafe { transmute::<NonNull<()>, fn() -> &'static Description>(code) }();
            let before = group.description;
            if !std::ptr::eq(before, after) {
                changes.push(Change {
                    origin: group.origin,
                    before,
                    after,
                    migrates: !agree(before, after),
                });
            }
        }
        Self {
            changes,
            made: Vec::new(),
            moves: Moves::default(),
        }
    }

    /// Whether values must be made anew.
    pub(crate) fn migrates(&self) -> bool {
        self.changes.iter().any(|change| change.migrates)
    }

    /// Makes the new values, with the code of the table. Nobody else is inside of `State::with`, nor comes in before
    /// [`commit`](Self::commit) or the drop.
    ///
    /// # Errors
    ///
    /// `HP0609`: a value could not be made. The old ones are as they were.
    pub(crate) fn make(&mut self, next: &Table, direction: Direction) -> Result<(), Refusal> {
        let source = Live(AtomicPtr::new(std::ptr::from_ref(next).cast_mut()));
        let _consistent = Consistent::begin(&source);
        let _work = Work::begin();
        self.moves = Moves::new(direction == Direction::Back);
        for change in self.changes.iter().filter(|change| change.migrates) {
            let cells: Vec<_> = {
                let groups = group::lock();
                let group = groups.iter().find(|group| group.origin == change.origin);
                group.map_or_else(Vec::new, |group| group.cells().to_vec())
            };
            self.made.reserve(cells.len());
            for cell in &cells {
                // SAFETY: cells in a group are there, and nobody takes one out meanwhile.
                let old = unsafe { cell.as_ref() };
                // SAFETY: the cell has a value of its description, which nobody uses meanwhile.
                let made = unsafe { Made::out_of(old.place(), old.description(), change.after, &self.moves) };
                match made {
                    Ok(made) => self.made.push((*cell, made, change.after)),
                    Err(failure) => refuse!(
                        MIGRATION,
                        "`State<{}>` cannot be migrated (one of {}): {failure}; the process keeps the values and the code that \
                         it has",
                        (change.after.name)(),
                        cells.len()
                    ),
                }
            }
        }
        Ok(())
    }

    /// Puts the new values into the places of the old ones. The table is live.
    pub(crate) fn commit(mut self) -> Leaving {
        let mut old = Vec::with_capacity(self.made.len());
        for (cell, made, after) in mem::take(&mut self.made) {
            // SAFETY: as in `make`.
            let cell = unsafe { cell.as_ref() };
            let before = cell.description();
            old.push((cell.replace(made.value, after), before, made.span));
        }
        let mut groups = group::lock();
        let mut migrated = Vec::new();
        for change in &self.changes {
            let Some(group) = groups.iter_mut().find(|group| group.origin == change.origin) else {
                continue;
            };
            group.renew(change.after);
            if change.migrates {
                migrated.push(Migrated {
                    name: (change.after.name)().to_owned(),
                    values: group.cells().len(),
                    versions: (change.before.version, change.after.version),
                });
            }
        }
        Leaving {
            old,
            moves: mem::take(&mut self.moves),
            migrated,
        }
    }
}

impl Drop for Shift {
    /// Gives up values that were made. What they contain is left alone: most of it belongs to the old values, too.
    fn drop(&mut self) {
        for (_, made, _) in mem::take(&mut self.made) {
            // SAFETY: nobody has seen the value.
            unsafe { made.value.free() };
        }
    }
}

/// The old values after a commit, with what did not move out of them.
#[derive(Default)]
pub(crate) struct Leaving {
    old: Vec<(Value, &'static Description, Span)>,
    moves: Moves,
    migrated: Vec<Migrated>,
}

impl Leaving {
    /// What was migrated.
    pub(crate) fn migrated(&mut self) -> Vec<Migrated> {
        mem::take(&mut self.migrated)
    }

    /// Drops what is left of the old values, with the code that made them: that of `before`, the table before the commit.
    pub(crate) fn end(mut self, before: &Table) {
        if self.old.is_empty() {
            return;
        }
        let source = Live(AtomicPtr::new(std::ptr::from_ref(before).cast_mut()));
        let _consistent = Consistent::begin(&source);
        let _work = Work::begin();
        for (value, description, span) in self.old {
            // SAFETY: the value has left its cell; this was taken out of it.
            unsafe { value::end(value, description, &self.moves.taken(value.place(), &span)) };
        }
    }
}

/// The thread is at work for a migration until this is dropped.
struct Work(bool);

impl Work {
    fn begin() -> Self {
        Self(AT_WORK.replace(true))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        AT_WORK.set(self.0);
    }
}
