//! Whether a process stays as it is over many cycles: what it has, and the report of a bench.

use std::fs;
use std::time::Duration;

/// What a process has and may run out of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holdings {
    pub(crate) resident_kib: u64,
    pub(crate) mappings: usize,
    pub(crate) descriptors: usize,
}

impl Holdings {
    pub(crate) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        Self {
            resident_kib: resident.unwrap().trim().trim_end_matches(" kB").parse().unwrap(),
            mappings: fs::read_to_string("/proc/self/maps").unwrap().lines().count(),
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
        }
    }
}

const CYCLES: u64 = 100_000;
/// Lines of a report; the first tenth is for settling.
const TENTHS: u64 = 10;

/// The report of as many cycles as the first argument of the program says, else 100,000.
pub(crate) struct Report {
    pub(crate) cycles: u64,
    /// So many mappings more than after the first tenth are none that pile up.
    spare_mappings: usize,
    times: Vec<Duration>,
    rows: Vec<(Duration, Holdings)>,
}

impl Report {
    /// Begins it. `others` are the names of columns beside those that each report has.
    pub(crate) fn begin(spare_mappings: usize, others: &[&str]) -> Self {
        print!("   cycle   p50 of a cycle   resident   mappings   descriptors");
        others.iter().for_each(|name| print!("{name:>12}"));
        println!();
        let asked = std::env::args().find_map(|argument| argument.parse().ok());
        Self {
            cycles: asked.unwrap_or(CYCLES),
            spare_mappings,
            times: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Notes a cycle. `others` are the figures of the other columns.
    pub(crate) fn note(&mut self, cycle: u64, elapsed: Duration, others: impl FnOnce() -> Vec<usize>) {
        self.times.push(elapsed);
        if !cycle.is_multiple_of((self.cycles / TENTHS).max(1)) {
            return;
        }
        self.times.sort_unstable();
        let (p50, now) = (self.times[self.times.len() / 2], Holdings::now());
        self.times.clear();
        self.rows.push((p50, now));
        print!(
            "{cycle:>8} {:>13.1} us {:>6} KiB {:>10} {:>13}",
            p50.as_secs_f64() * 1e6,
            now.resident_kib,
            now.mappings,
            now.descriptors,
        );
        others().iter().for_each(|figure| print!("{figure:>12}"));
        println!();
    }

    /// Says of each figure whether it stayed as it was.
    pub(crate) fn end(self) {
        let [(first_time, first), .., (last_time, last)] = self.rows[..] else {
            return println!("too few cycles to tell");
        };
        let grown = last.resident_kib.saturating_sub(first.resident_kib);
        told("memory", grown <= 2048, &format!("{grown} KiB more"));
        let descriptors = last.descriptors <= first.descriptors;
        told("descriptors", descriptors, &last.descriptors.to_string());
        let mappings = last.mappings <= first.mappings + self.spare_mappings;
        told("mappings", mappings, &last.mappings.to_string());
        let ratio = last_time.as_secs_f64() / first_time.as_secs_f64();
        told(
            "time of a cycle",
            ratio <= 1.5,
            &format!("{ratio:.2} x the first tenth"),
        );
    }
}

fn told(what: &str, is_flat: bool, figure: &str) {
    println!("{what}: {figure}: {}", if is_flat { "flat" } else { "GROWS" });
}
