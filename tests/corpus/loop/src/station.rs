//! The station: its sensors, its history, and one step of its loop.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

use hotpatch::hotpatch;

use crate::alarm::{Alarm, Level};
use crate::sensor::{self, Reading, Sensor};

/// How many readings the history holds.
const DEPTH: usize = 4;

static TOTAL: AtomicU64 = AtomicU64::new(0);
static OFFSETS: [i32; 3] = [0, 2, 5];

thread_local! {
    static STREAK: Cell<u32> = const { Cell::new(3) };
}

pub struct Station {
    name: String,
    sensors: Vec<Sensor>,
    history: VecDeque<Reading>,
    alarms: Vec<Alarm>,
    span: Span,
    ticks: u64,
}

/// The range of what was ever measured.
pub struct Span {
    low: i32,
    high: i32,
}

/// What one step adds up. It lives only inside that step.
struct Sum {
    value: i32,
    count: i32,
}

impl Station {
    pub fn new() -> Self {
        Self {
            name: "north".to_owned(),
            sensors: vec![Sensor::new(7, 20), Sensor::new(8, 30), Sensor::new(9, 40)],
            history: (1..=DEPTH as i32).map(Reading::of).collect(),
            alarms: vec![
                Alarm::new("frost", Level::Warning),
                Alarm::new("storm", Level::Critical(9)),
                Alarm::new("heat", Level::Quiet),
            ],
            span: Span { low: -5, high: 45 },
            ticks: 0,
        }
    }

    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    pub fn describe(&self) -> String {
        let sensors: Vec<_> = self.sensors.iter().map(Sensor::describe).collect();
        let history: Vec<_> = self.history.iter().map(Reading::describe).collect();
        let alarms: Vec<_> = self.alarms.iter().map(Alarm::describe).collect();
        format!(
            "{} [{}] [{}] [{}] {}..{} streak {}",
            self.name,
            sensors.join(" "),
            history.join(" "),
            alarms.join(" "),
            self.span.low,
            self.span.high,
            STREAK.get(),
        )
    }

    pub fn history(&self) -> impl Iterator<Item = &Reading> {
        self.history.iter()
    }

    #[hotpatch]
    pub fn alarms(&self) -> String {
        let names: Vec<_> = self.alarms.iter().map(Alarm::label).collect();
        names.join(", ")
    }
}

pub fn total() -> u64 {
    TOTAL.load(Ordering::Relaxed)
}

/// One step: samples all sensors and says what came of it.
#[hotpatch]
pub fn tick(station: &mut Station, seed: i32) -> String {
    station.ticks += 1;
    TOTAL.fetch_add(2, Ordering::Relaxed);
    let mut sum = Sum { value: 0, count: 0 };
    for (sensor, offset) in station.sensors.iter().zip(OFFSETS) {
        let reading = sensor::sample(sensor, seed + offset);
        sum.value += reading.value();
        sum.count += 1;
    }
    let mean = mean(&sum);
    let mood = mood(mean);
    format!("{} mean {mean} {mood} of {}", station.name, STREAK.get())
}

fn mean(sum: &Sum) -> i32 {
    sum.value / sum.count.max(1)
}

fn mood(mean: i32) -> &'static str {
    match mean {
        i32::MIN..=0 => "freezing",
        1..=20 => "cool",
        21..=35 => "mild",
        _ => "hot",
    }
}
