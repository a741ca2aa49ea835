//! A rectangle of cells.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

pub struct Grid<T> {
    width: u16,
    cells: Vec<T>,
}

impl<T> Grid<T> {
    pub fn new(width: u16, cells: Vec<T>) -> Self {
        Self { width, cells }
    }

    pub fn get(&self, at: Point) -> Option<&T> {
        let (x, y) = (usize::try_from(at.x).ok()?, usize::try_from(at.y).ok()?);
        let width = usize::from(self.width);
        if x >= width {
            return None;
        }
        self.cells.get(y * width + x)
    }

    pub fn rows(&self) -> impl Iterator<Item = &[T]> {
        self.cells.chunks(self.width.into())
    }
}

/// How many steps apart two points are.
pub fn distance(a: Point, b: Point) -> u32 {
    a.x.abs_diff(b.x) + a.y.abs_diff(b.y)
}
