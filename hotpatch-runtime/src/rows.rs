//! Which row a function gets: one that nothing is about any more, or a new one at the end.

use std::collections::{HashMap, HashSet};
use std::ptr::NonNull;

use crate::image;
use crate::row_list::RowList;
use crate::table::{Row, Subject};

/// The rows of the next table, to which functions are added.
pub(crate) struct Rows {
    rows: RowList,
    /// The rows that may be given away, last first. Looked for when the first one is needed.
    free: Option<Vec<usize>>,
}

impl Rows {
    /// The rows of the live table.
    pub(crate) fn of(live: &RowList) -> Self {
        Self {
            rows: live.clone(),
            free: None,
        }
    }

    /// The row, to be changed but for its subject.
    pub(crate) fn change(&mut self, index: usize) -> &mut Row {
        self.rows.change(index)
    }

    pub(crate) fn replace(&mut self, index: usize, row: Row) {
        self.rows.replace(index, row);
    }

    /// Has every function run its code as built.
    pub(crate) fn all_as_built(&mut self) {
        for index in 0..self.rows.len() {
            if self.rows[index].since != 0 {
                let row = self.rows.change(index);
                row.since = 0;
                row.code = None;
            }
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
        match self.free.get_or_insert_with(|| free(&self.rows)).pop() {
            Some(index) => {
                self.rows.replace(index, row);
                index
            }
            None => {
                self.rows.push(row);
                self.rows.len() - 1
            }
        }
    }

    pub(crate) fn into_list(self) -> RowList {
        self.rows
    }
}

/// The rows about something in images that were closed. As long as such an image is in the process, code in it may ask
/// for the slot.
fn free(rows: &RowList) -> Vec<usize> {
    let gone = |row: &Row| match row.subject {
        Subject::Gone(image) => Some(image),
        _ => None,
    };
    if rows.iter().all(|row| gone(row).is_none()) {
        return Vec::new();
    }
    let mapped: HashSet<_> = image::mapped().iter().map(|image| image.id).collect();
    let may_be_given = |row: &Row| gone(row).is_some_and(|image| !mapped.contains(&image));
    (0..rows.len())
        .rev()
        .filter(|index| may_be_given(&rows[*index]))
        .collect()
}
