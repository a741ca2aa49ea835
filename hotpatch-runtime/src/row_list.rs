//! The rows of a table, in pieces that tables and records share for as long as nothing in them changes.
//!
//! So a commit costs what it changes, not what the program has.

use std::ops::Index;
use std::sync::Arc;

use crate::table::Row;

/// How many rows a piece has; the last one may have fewer.
const PIECE: usize = 64;

/// The rows, in the order of their slots.
#[derive(Clone)]
pub(crate) struct RowList {
    pieces: Vec<Arc<Vec<Row>>>,
    has_instances: bool,
}

impl RowList {
    pub(crate) const EMPTY: Self = Self {
        pieces: Vec::new(),
        has_instances: false,
    };

    pub(crate) fn len(&self) -> usize {
        let before = self.pieces.len().saturating_sub(1) * PIECE;
        before + self.pieces.last().map_or(0, |last| last.len())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Row> {
        self.pieces.get(index / PIECE)?.get(index % PIECE)
    }

    /// Whether any of them ever was about an instance.
    pub(crate) fn has_instances(&self) -> bool {
        self.has_instances
    }

    /// The row, to be changed but for its subject.
    pub(crate) fn change(&mut self, index: usize) -> &mut Row {
        &mut Arc::make_mut(&mut self.pieces[index / PIECE])[index % PIECE]
    }

    pub(crate) fn replace(&mut self, index: usize, row: Row) {
        self.has_instances |= row.instance().is_some();
        *self.change(index) = row;
    }

    pub(crate) fn push(&mut self, row: Row) {
        self.has_instances |= row.instance().is_some();
        match self.pieces.last_mut() {
            Some(last) if last.len() < PIECE => Arc::make_mut(last).push(row),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(row);
                self.pieces.push(Arc::new(piece));
            }
        }
    }

    /// Takes the pieces of `other` that are about the same functions.
    pub(crate) fn share(&mut self, other: &Self) {
        for (piece, same) in self.pieces.iter_mut().zip(&other.pieces) {
            let is_same =
                piece.len() == same.len() && piece.iter().zip(&**same).all(|(a, b)| a.subject == b.subject);
            if is_same {
                *piece = same.clone();
            }
        }
    }

    /// The pieces that are not those of `other`, with the index of their first row.
    pub(crate) fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (usize, &'a [Row])> {
        let pieces = self.pieces.iter().enumerate();
        pieces.filter_map(|(index, piece)| {
            let is_shared = other
                .pieces
                .get(index)
                .is_some_and(|same| Arc::ptr_eq(piece, same));
            (!is_shared).then_some((index * PIECE, piece.as_slice()))
        })
    }
}

impl Index<usize> for RowList {
    type Output = Row;

    fn index(&self, index: usize) -> &Row {
        &self.pieces[index / PIECE][index % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use hotpatch_abi::entry::Entry;

    use super::{PIECE, RowList};
    use crate::table::Row;

    static ENTRY: Entry = Entry::new("test::f", "fn()", None);

    fn list(len: usize) -> RowList {
        let mut list = RowList::EMPTY;
        for _ in 0..len {
            list.push(Row::as_built(&ENTRY));
        }
        list
    }

    #[test]
    fn rows_are_found_where_they_were_put() {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let mut list = list(len);
            for index in 0..len {
                list.change(index).since = index as u64;
            }
            assert_eq!(list.len(), len);
            let found: Vec<u64> = list.iter().map(|row| row.since).collect();
            assert_eq!(found, (0..len as u64).collect::<Vec<_>>());
            assert!((0..len).all(|index| list[index].since == index as u64));
            assert!(list.get(len).is_none());
        }
    }

    #[test]
    fn a_change_is_seen_in_one_list_and_tells_its_piece() {
        let before = list(3 * PIECE);
        let mut after = before.clone();
        assert_eq!(after.differing(&before).count(), 0);
        after.change(PIECE + 3).since = 7;
        assert_eq!(before[PIECE + 3].since, 0);
        let differing: Vec<_> = after
            .differing(&before)
            .map(|(first, rows)| (first, rows.len()))
            .collect();
        assert_eq!(differing, [(PIECE, PIECE)]);
        after.push(Row::as_built(&ENTRY));
        assert_eq!(after.differing(&before).count(), 2);
    }
}
