//! The values of the process by their types: what a commit must look at.
//!
//! A type is known by where the code lies, as built, that describes it. So it is the same type for code of every
//! generation.

use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cell::Cell;
use super::description::Description;

/// The values of one type.
pub(super) struct Group {
    /// Where the function lies, as built, that describes the type.
    pub(super) origin: NonNull<()>,
    /// What live code says of the type.
    pub(super) description: &'static Description,
    cells: Vec<NonNull<Cell>>,
}

// SAFETY: the cells are used by whoever holds the lock; values in them can be sent, see `State::new`.
unsafe impl Send for Group {}

static GROUPS: Mutex<Vec<Group>> = Mutex::new(Vec::new());

/// Whether there was ever a value.
pub(crate) fn any() -> bool {
    !lock().is_empty()
}

/// Whether nobody is at the list.
pub(crate) fn is_free() -> bool {
    GROUPS.try_lock().is_ok()
}

/// The groups. No code of the program runs while they are locked.
pub(super) fn lock() -> MutexGuard<'static, Vec<Group>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What live code says of the type of a value that code of its own describes as `description`.
pub(super) fn description(origin: NonNull<()>, description: &'static Description) -> &'static Description {
    let groups = lock();
    let group = groups.iter().find(|group| group.origin == origin);
    group.map_or(description, |group| group.description)
}

/// Adds a cell, which stays where it is until it is removed.
pub(super) fn add(cell: NonNull<Cell>) {
    let mut groups = lock();
    // SAFETY: the cell was just made.
    let this = unsafe { cell.as_ref() };
    let at = groups.iter().position(|group| group.origin == this.origin);
    let at = at.unwrap_or_else(|| {
        groups.push(Group {
            origin: this.origin,
            description: this.description(),
            cells: Vec::new(),
        });
        groups.len() - 1
    });
    let cells = &mut groups[at].cells;
    this.index.set(cells.len());
    cells.push(cell);
}

/// Removes a cell.
pub(super) fn remove(cell: NonNull<Cell>) {
    let mut groups = lock();
    // SAFETY: whoever removes a cell owns it.
    let this = unsafe { cell.as_ref() };
    if let Some(group) = groups.iter_mut().find(|group| group.origin == this.origin) {
        group.cells.swap_remove(this.index.get());
        if let Some(moved) = group.cells.get(this.index.get()) {
            // SAFETY: cells in a group are there.
            unsafe { moved.as_ref() }.index.set(this.index.get());
        }
    }
}

impl Group {
    pub(super) fn cells(&self) -> &[NonNull<Cell>] {
        &self.cells
    }

    /// Has live code describe the type as this from now on.
    pub(super) fn renew(&mut self, description: &'static Description) {
        let before = std::mem::replace(&mut self.description, description);
        for cell in &self.cells {
            // SAFETY: cells in a group are there.
            let cell = unsafe { cell.as_ref() };
            if std::ptr::eq(cell.description(), before) {
                cell.renew(description);
            }
        }
    }
}
