//! Reloads of a module while another thread calls it: 100,000, or as many as the first argument says. What the process has
//! must stay as it is, and so must the time of a reload.

#[allow(dead_code, reason = "every test program uses a part of it")]
#[path = "../tests/host/build.rs"]
mod build;
#[path = "../tests/soak/cycles.rs"]
mod cycles;
#[path = "../../hotpatch-runtime/tests/support/soak.rs"]
mod soak;

use soak::Report;

fn main() {
    let mut report = Report::begin(5, &[]);
    let cycles = report.cycles;
    cycles::run(cycles, |cycle, elapsed| report.note(cycle, elapsed, Vec::new));
    report.end();
}
