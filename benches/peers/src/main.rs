//! hotpatch beside its peers of the registry: every way to call a function that may be replaced, in one process and in
//! rounds that alternate, and all bars of `hotpatch-runtime`.
//!
//! `cargo run --release -- --write DOCS` also writes the table `bench.md` and the chart `bench.svg` to a folder. With
//! `modules`, only what is about modules is measured.

#[path = "../../../hotpatch-runtime/benches/measure/mod.rs"]
mod measure;
#[path = "../../../hotpatch-runtime/tests/support/mod.rs"]
#[allow(unused_macros, reason = "the macro is for tests")]
mod support;

mod arc_swap;
mod hot_lib_reloader;
mod hotpatch_rs;
mod libraries;
mod modules;
mod polyplug;
mod reloads;
mod subsecond;

mod chart;
mod machine;
mod report;

use std::path::PathBuf;

use measure::{calls, commits, disturbance, migrations, rollbacks, rounds, threads};
use report::Report;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = match (arguments.next().as_deref(), arguments.next()) {
        (None, None) => None,
        (Some("modules"), None) => return modules_alone(),
        (Some("--write"), Some(folder)) => Some(PathBuf::from(folder)),
        _ => {
            eprintln!("usage: hotpatch-peers [--write FOLDER | modules]");
            std::process::exit(2);
        }
    };
    let machine = machine::describe();
    let patched = calls::Patched::new();
    let mut candidates = calls::candidates();
    for peers in [
        modules::candidates,
        arc_swap::candidates,
        subsecond::candidates,
        polyplug::candidates,
        hotpatch_rs::candidates,
        hot_lib_reloader::candidates,
    ] {
        candidates.extend(peers());
    }
    let medians = rounds::medians(&candidates, |name| patched.switch(name));
    calls::print(&medians);
    let mut figures = calls::figures(&medians);
    figures.extend(report::against_peers(&medians));
    figures.extend(report::of_modules(&medians));
    for more in [
        // Before commits leave thousands of images behind, in each of which the loader looks for both hosts.
        reloads::figures,
        threads::figures,
        commits::figures,
        rollbacks::figures,
        disturbance::figures,
        migrations::figures,
    ] {
        figures.extend(more());
    }
    for figure in &figures {
        println!("{figure}");
    }
    if let Some(folder) = folder {
        let report = Report {
            machine,
            medians,
            figures,
        };
        report.write(&folder);
    }
}

fn modules_alone() {
    let mut candidates = calls::candidates();
    candidates.retain(|candidate| {
        [calls::DIRECT, calls::ATOMIC, calls::INSIDE, calls::OUTSIDE].contains(&candidate.name)
    });
    for calls in [modules::candidates, polyplug::candidates, hotpatch_rs::candidates] {
        candidates.extend(calls());
    }
    let medians = rounds::medians(&candidates, |_| ());
    calls::print(&medians);
    for figure in report::of_modules(&medians).into_iter().chain(reloads::figures()) {
        println!("{figure}");
    }
}
