//! What a call of a hot function costs, beside the calls it competes with, on one thread and on two.

#[path = "../tests/support/mod.rs"]
#[allow(unused_macros, reason = "the macro is for tests")]
mod support;

mod measure;

use measure::{calls, rounds, threads};

fn main() {
    let patched = calls::Patched::new();
    let medians = rounds::medians(&calls::candidates(), |name| patched.switch(name));
    calls::print(&medians);
    for figure in calls::figures(&medians).into_iter().chain(threads::figures()) {
        println!("{figure}");
    }
}
