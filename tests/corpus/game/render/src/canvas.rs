//! A canvas of characters. It lives as long as one picture.

pub struct Canvas {
    width: usize,
    cells: Vec<char>,
}

impl Canvas {
    pub fn new(width: usize) -> Self {
        Self {
            width,
            cells: Vec::new(),
        }
    }

    pub fn push(&mut self, cell: char) {
        self.cells.push(cell);
    }

    pub fn put(&mut self, x: i32, y: i32, cell: char) {
        let index = y as usize * self.width + x as usize;
        if let Some(place) = self.cells.get_mut(index) {
            *place = cell;
        }
    }

    pub fn text(&self, between: &str) -> String {
        let rows: Vec<String> = self
            .cells
            .chunks(self.width)
            .map(|row| row.iter().collect())
            .collect();
        rows.join(between)
    }
}
