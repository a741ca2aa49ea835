//! What the pipeline keeps.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use hotpatch::hotpatch;

use crate::grid::Grid;
use crate::ring::Ring;
use crate::stage::{Scale, Stage, Then, Within, by};
use crate::stats::{self, Summary};
use crate::unit::{Celsius, Percent, Quantity};

/// How many readings were taken.
pub static TAKEN: AtomicUsize = AtomicUsize::new(0);
/// The names of the sensors that were asked for.
static NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
/// The table of products, made when it is first needed.
static PRODUCTS: OnceLock<Grid<u16, 3, 4>> = OnceLock::new();

thread_local! {
    static ANSWERS: Cell<u64> = const { Cell::new(0) };
    static UNITS: RefCell<Vec<String>> = RefCell::new(vec!["C".to_owned()]);
}

type Path = Then<Within<f64>, Scale>;

#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    pub at: u32,
    pub heat: Quantity<Celsius>,
    pub damp: Quantity<Percent, u8>,
}

pub struct Engine {
    pub readings: Ring<Reading, 5>,
    pub path: Path,
    pub extra: Box<dyn Stage<In = f64, Out = f64>>,
    pub best: Option<Summary>,
    pub grid: Grid<i64, 2, 3>,
    names: HashMap<&'static str, Vec<u32>>,
    clock: u32,
}

impl Engine {
    pub fn new() -> Self {
        let within = Within { low: -50.0, high: 150.0 };
        let scale = Scale { factor: 1.0, passed: 0 };
        let mut peak = 9.0_f64;
        let mut engine = Self {
            readings: Ring::new(),
            path: within.then(scale),
            extra: Box::new(by(move |number: f64| {
                peak = peak.max(number);
                Some(peak)
            })),
            best: None,
            grid: Grid::from_fn(|row, column| (row * 3 + column) as i64),
            names: HashMap::from([("inside", vec![1, 2]), ("outside", vec![3])]),
            clock: 0,
        };
        for heat in [18.0, 19.5, 21.0] {
            engine.take(heat);
        }
        engine.best = stats::summary(engine.heats());
        engine
    }

    #[hotpatch]
    pub fn take(&mut self, heat: f64) -> Option<Reading> {
        let heat = self.path.run(heat)?;
        TAKEN.fetch_add(1, Ordering::Relaxed);
        self.clock += 1;
        let reading = Reading {
            at: self.clock,
            heat: Quantity::new(heat),
            damp: Quantity::new(40 + self.readings.len() as u8),
        };
        self.readings.push(reading);
        Some(reading)
    }

    /// Takes the newest readings back.
    pub fn forget(&mut self, count: usize) -> usize {
        (0..count).map_while(|_| self.readings.pop()).count()
    }

    pub fn heats(&self) -> impl Iterator<Item = f64> + '_ {
        self.readings.iter().map(|reading| reading.heat.value)
    }

    #[hotpatch]
    pub fn named(&self, name: &str) -> Option<u32> {
        let (known, numbers) = self.names.get_key_value(name)?;
        NAMES.lock().ok()?.push(known);
        Some(numbers.iter().copied().sum())
    }

    pub fn products(&self) -> &'static Grid<u16, 3, 4> {
        PRODUCTS.get_or_init(|| Grid::from_fn(|row, column| ((row + 1) * (column + 1)) as u16))
    }

    pub fn answered(&self) -> String {
        ANSWERS.set(ANSWERS.get() + 1);
        UNITS.with_borrow(|units| units.concat())
    }

    /// What stays as it is, ` | `, and what every request moves.
    pub fn snapshot(&self) -> String {
        let readings: Vec<String> = self
            .readings
            .iter()
            .map(|reading| format!("{} {} {}", reading.at, reading.heat.value, reading.damp.value))
            .collect();
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort();
        format!(
            "{readings:?} {:?} {:?} {names:?} {} | {} {} {} {}",
            self.best,
            self.grid,
            UNITS.with_borrow(|units| units.join(",")),
            self.clock,
            TAKEN.load(Ordering::Relaxed),
            NAMES.lock().map_or(0, |names| names.len()),
            ANSWERS.get(),
        )
    }
}
