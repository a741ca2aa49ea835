//! Reloads of a module while another thread calls it: 100,000, or as many as the first argument says. What the process has
//! must stay as it is, and so must the time of a reload.

#[allow(dead_code, reason = "every test program uses a part of it")]
#[path = "../tests/host/build.rs"]
mod build;
#[path = "../tests/soak/cycles.rs"]
mod cycles;

use std::time::Duration;

use cycles::Holdings;

const CYCLES: u64 = 100_000;
/// Lines of the report; the first tenth is for settling.
const TENTHS: u64 = 10;

fn main() {
    let cycles = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(CYCLES);
    let tenth = (cycles / TENTHS).max(1);
    let mut times = Vec::new();
    let mut rows = Vec::new();
    println!("  reload   p50 of a reload   resident   mappings   descriptors");
    cycles::run(cycles, |cycle, elapsed| {
        times.push(elapsed);
        if cycle % tenth == 0 {
            let row = (p50(&mut times), Holdings::now());
            println!(
                "{cycle:>8} {:>14.1} us {:>6} KiB {:>10} {:>13}",
                row.0.as_secs_f64() * 1e6,
                row.1.resident_kib,
                row.1.mappings,
                row.1.descriptors,
            );
            rows.push(row);
        }
    });
    let ((first_time, first), (last_time, last)) = (rows[0], rows[rows.len() - 1]);
    let grown = last.resident_kib.saturating_sub(first.resident_kib);
    told("memory", grown <= 2048, &format!("{grown} KiB more"));
    told(
        "descriptors",
        last.descriptors <= first.descriptors,
        &last.descriptors.to_string(),
    );
    told(
        "mappings",
        last.mappings <= first.mappings + 5,
        &last.mappings.to_string(),
    );
    let ratio = last_time.as_secs_f64() / first_time.as_secs_f64();
    told(
        "time of a reload",
        ratio <= 1.5,
        &format!("{ratio:.2} x the first tenth"),
    );
}

fn p50(times: &mut Vec<Duration>) -> Duration {
    times.sort_unstable();
    let middle = times[times.len() / 2];
    times.clear();
    middle
}

fn told(what: &str, is_flat: bool, figure: &str) {
    println!("{what}: {figure}: {}", if is_flat { "flat" } else { "GROWS" });
}
