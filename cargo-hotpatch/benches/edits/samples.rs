//! Repeated measurements of one thing, in milliseconds.

use std::process::Command;
use std::time::Instant;

/// The measurements.
#[derive(Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn push(&mut self, ms: f64) {
        self.0.push(ms);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn first(&self) -> f64 {
        self.0[0]
    }

    pub(crate) fn p50(&self) -> f64 {
        self.percentile(50)
    }

    pub(crate) fn p95(&self) -> f64 {
        self.percentile(95)
    }

    /// By nearest rank: always a value that was measured.
    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[(sorted.len() * percent).div_ceil(100) - 1]
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(ms: I) -> Self {
        Self(ms.into_iter().collect())
    }
}

/// The milliseconds since a moment.
pub(crate) fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// The milliseconds that a command takes. It must succeed.
pub(crate) fn duration_of(command: &mut Command) -> f64 {
    let start = Instant::now();
    let output = command.output().unwrap();
    let ms = since(start);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    ms
}
