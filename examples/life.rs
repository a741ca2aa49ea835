//! Conway's game of life in the terminal. Start it with `cargo hotpatch run --example life`, then edit `next_cell` (the
//! rule) or `paint` (the looks) while the colony lives on.
//!
//! An argument limits the number of rounds: `cargo hotpatch run --example life -- 100`.

use std::io::{self, StdoutLock, Write};
use std::{env, thread, time::Duration};

use hotpatch::hotpatch;

const WIDTH: usize = 64;
const HEIGHT: usize = 24;

struct Colony {
    cells: Vec<bool>,
    round: u64,
}

impl Colony {
    /// A colony with one acorn: seven cells that stay busy for 5,206 rounds on an endless board.
    fn acorn() -> Self {
        let mut cells = vec![false; WIDTH * HEIGHT];
        for (x, y) in [
            (30, 11),
            (32, 12),
            (29, 13),
            (30, 13),
            (33, 13),
            (34, 13),
            (35, 13),
        ] {
            cells[y * WIDTH + x] = true;
        }
        Self { cells, round: 0 }
    }

    fn neighbours(&self, x: usize, y: usize) -> usize {
        let rows = [y + HEIGHT - 1, y, y + 1];
        let columns = [x + WIDTH - 1, x, x + 1];
        let around = rows
            .iter()
            .flat_map(|row| columns.iter().map(move |column| (row % HEIGHT, column % WIDTH)));
        around
            .filter(|&(row, column)| (column, row) != (x, y) && self.cells[row * WIDTH + column])
            .count()
    }

    #[hotpatch]
    fn advance(&mut self) {
        let cells = (0..WIDTH * HEIGHT).map(|index| {
            let (x, y) = (index % WIDTH, index / WIDTH);
            next_cell(self.cells[index], self.neighbours(x, y))
        });
        self.cells = cells.collect();
        self.round += 1;
    }

    #[hotpatch]
    fn paint(&self, out: &mut StdoutLock<'_>) -> io::Result<()> {
        let alive = self.cells.iter().filter(|cell| **cell).count();
        writeln!(out, "\x1b[Hround {}, {alive} alive   ", self.round)?;
        for row in self.cells.chunks(WIDTH) {
            let line: String = row
                .iter()
                .map(|alive| if *alive { "\x1b[32m●\x1b[0m" } else { " " })
                .collect();
            writeln!(out, "{line}")?;
        }
        out.flush()
    }
}

/// The rule: a cell lives on with two or three neighbours and is born with three.
#[hotpatch]
fn next_cell(alive: bool, neighbours: usize) -> bool {
    matches!((alive, neighbours), (true, 2) | (_, 3))
}

fn main() -> io::Result<()> {
    let rounds = env::args()
        .nth(1)
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(u64::MAX);
    let mut colony = Colony::acorn();
    let mut screen = io::stdout().lock();
    write!(screen, "\x1b[2J")?;
    for _ in 0..rounds {
        hotpatch::call(|| {
            colony.advance();
            colony.paint(&mut screen)
        })?;
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
