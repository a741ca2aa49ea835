//! A series of edits of one running program: each is taken live by the session, then compiled by the bare replay.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bare::BareReplay;
use crate::example::Example;
use crate::samples::{Samples, since};

/// The phases that `applied` carries.
const PHASES: [&str; 5] = ["replay", "compare", "bind", "link", "commit"];

/// What the edits took.
#[derive(Default)]
pub(crate) struct Series {
    /// From just before the file is written until `applied` is read.
    pub(crate) live: Samples,
    /// The bare replays of the same edits.
    pub(crate) bare: Samples,
    /// Each phase by name, in order.
    pub(crate) phases: Vec<(&'static str, Samples)>,
}

impl Series {
    fn note(&mut self, live: f64, bare: f64, applied: &Value) {
        let ms = |phase: &str| applied["ms"][phase].as_f64().expect("a phase is a number");
        let total = ms("total");
        let mut values: Vec<(&'static str, f64)> = PHASES.iter().map(|phase| (*phase, ms(phase))).collect();
        let named: f64 = values.iter().map(|(_, ms)| ms).sum();
        values.push((
            "rest of total: waiting for the save to end, looking at files",
            total - named,
        ));
        values.push(("total, file event to answer", total));
        values.push((
            "before and after total: save to file event, answer to reader",
            live - total,
        ));
        if self.phases.is_empty() {
            self.phases = values
                .iter()
                .map(|(phase, _)| (*phase, Samples::default()))
                .collect();
        }
        for ((_, samples), (_, ms)) in self.phases.iter_mut().zip(values) {
            samples.push(ms);
        }
        self.live.push(live);
        self.bare.push(bare);
    }
}

/// Edits the running example. The first and the last edit are also looked for in what the program says.
pub(crate) fn measure(example: &Example, edits: usize) -> Series {
    let bare = BareReplay::new(example);
    let mut running = example.start();
    // Nobody saves in the first second; the tool still reads the program.
    sleep(Duration::from_secs(1));
    let mut series = Series::default();
    for number in 1..=edits {
        let start = Instant::now();
        example.edit(number);
        let applied = running.session.outcome();
        let live = since(start);
        assert_eq!(applied["event"], "applied", "{applied}");
        if number == 1 || number == edits {
            running.says(number);
        }
        series.note(live, bare.run(), &applied);
    }
    series
}
