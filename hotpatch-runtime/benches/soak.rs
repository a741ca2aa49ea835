//! Cycles of a patch that is applied, rolled back and unloaded: 100,000, or as many as the first argument says. What the
//! process has must stay as it is, and so must the time of a cycle.

#[path = "../tests/unload/cycles.rs"]
mod cycles;
#[path = "../tests/support/soak.rs"]
mod soak;
#[macro_use]
#[path = "../tests/support/mod.rs"]
mod support;

use hotpatch_runtime::{call, functions, images};
use soak::Report;

hot!(one, ONE, 0);

fn main() {
    let mut report = Report::begin(30, &["images", "functions"]);
    let cycles = report.cycles;
    cycles::run(
        &ONE,
        || call(one),
        cycles,
        |cycle, elapsed| report.note(cycle, elapsed, || vec![images().len(), functions().len()]),
    );
    report.end();
}
