//! Matrices whose size is part of their type.

use std::array;
use std::ops::{Index, IndexMut, Mul};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid<T, const ROWS: usize, const COLUMNS: usize>([[T; COLUMNS]; ROWS]);

impl<T, const R: usize, const C: usize> Grid<T, R, C> {
    pub fn from_fn(mut cell: impl FnMut(usize, usize) -> T) -> Self {
        Self(array::from_fn(|row| array::from_fn(|column| cell(row, column))))
    }

    pub fn cells(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }
}

impl<T: Copy, const R: usize, const C: usize> Grid<T, R, C> {
    pub fn turned(&self) -> Grid<T, C, R> {
        Grid::from_fn(|row, column| self[(column, row)])
    }
}

impl<T, const R: usize, const C: usize> Index<(usize, usize)> for Grid<T, R, C> {
    type Output = T;

    fn index(&self, (row, column): (usize, usize)) -> &T {
        &self.0[row][column]
    }
}

impl<T, const R: usize, const C: usize> IndexMut<(usize, usize)> for Grid<T, R, C> {
    fn index_mut(&mut self, (row, column): (usize, usize)) -> &mut T {
        &mut self.0[row][column]
    }
}

impl<const R: usize, const C: usize, const D: usize> Mul<&Grid<i64, C, D>> for &Grid<i64, R, C> {
    type Output = Grid<i64, R, D>;

    fn mul(self, other: &Grid<i64, C, D>) -> Self::Output {
        Grid::from_fn(|row, column| (0..C).map(|at| self[(row, at)] * other[(at, column)]).sum())
    }
}
