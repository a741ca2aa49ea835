//! Which row a function gets: one that nothing is about any more, or a new one at the end.

use std::collections::{HashMap, HashSet};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use crate::image;
use crate::table::{Row, Subject};

/// The rows of the next table, to which functions are added.
pub(crate) struct Rows {
    rows: Vec<Row>,
    /// The rows that may be given away, last first.
    free: Vec<usize>,
}

impl Deref for Rows {
    type Target = [Row];

    fn deref(&self) -> &[Row] {
        &self.rows
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut [Row] {
        &mut self.rows
    }
}

impl Rows {
    /// The rows of the live table.
    pub(crate) fn of(live: &[Row]) -> Self {
        let rows = live.to_vec();
        let free = free(&rows);
        Self { rows, free }
    }

    /// Has every function run its code as built.
    pub(crate) fn all_as_built(&mut self) {
        for row in &mut self.rows {
            row.since = 0;
            row.code = None;
        }
    }

    /// The rows of the instances, by their bodies as built.
    pub(crate) fn instances(&self) -> HashMap<NonNull<()>, usize> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(index, row)| Some((row.instance()?, index)))
            .collect()
    }

    /// Adds a row. Returns where.
    pub(crate) fn add(&mut self, row: Row) -> usize {
        match self.free.pop() {
            Some(index) => {
                self.rows[index] = row;
                index
            }
            None => {
                self.rows.push(row);
                self.rows.len() - 1
            }
        }
    }

    pub(crate) fn into_vec(self) -> Vec<Row> {
        self.rows
    }
}

/// The rows about something in images that were closed. As long as such an image is in the process, code in it may ask
/// for the slot.
fn free(rows: &[Row]) -> Vec<usize> {
    let gone = |row: &Row| match row.subject {
        Subject::Gone(image) => Some(image),
        _ => None,
    };
    if rows.iter().all(|row| gone(row).is_none()) {
        return Vec::new();
    }
    let mapped: HashSet<_> = image::mapped().iter().map(|image| image.id).collect();
    let rows = rows.iter().enumerate().rev();
    rows.filter(|(_, row)| gone(row).is_some_and(|image| !mapped.contains(&image)))
        .map(|(index, _)| index)
        .collect()
}
