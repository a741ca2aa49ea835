//! 500 patches in a row on one process: memory, mappings, descriptors and time of the process and of the tool, for each
//! hundred. `cargo bench -p cargo-hotpatch --bench long`, with `-- 50` for another number.
//!
//! Fails if something grows that must not, or by more than it may.

#[path = "../../tests/e2e/long.rs"]
mod long;
#[path = "../../tests/e2e/project.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod project;
#[path = "../../tests/e2e/session.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod session;

use long::{Sample, growth};

const PATCHES: usize = 500;
/// Bars, for each patch.
const PROCESS_BYTES: f64 = 32.0 * 1024.0;
const TOOL_BYTES: f64 = 32.0 * 1024.0;
const MAPPINGS: f64 = 4.0;
/// Of the time of the last fifth of the patches, against that of the first: of the fastest tenth of each, since
/// neighbours on the machine make all others slower.
const TIME: f64 = 1.5;

fn main() {
    let has = |flag: &str| std::env::args().any(|arg| arg == flag);
    // Only `cargo bench` passes `--bench`; whoever else starts this wants to know whether it starts.
    if !has("--bench") || has("--test") || has("--list") {
        return;
    }
    let count = std::env::args()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(PATCHES);
    assert!(count >= 20, "fewer than 20 patches say nothing");
    let samples = long::patches(count);
    table(&samples);
    let failed = bars(&samples);
    if !failed.is_empty() {
        eprintln!("over the bar: {}", failed.join(", "));
        std::process::exit(1);
    }
}

fn table(samples: &[Sample]) {
    println!(
        "| patches | process: KiB | mappings | descriptors | tool: KiB | mappings | descriptors | own time: ms | patch file: KiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let step = (samples.len() / 10).max(1);
    for (index, sample) in samples.iter().enumerate() {
        let number = index + 1;
        if number != 1 && number % step != 0 {
            continue;
        }
        let time = median(&samples[index.saturating_sub(step - 1)..=index]);
        let (process, tool) = (sample.process, sample.tool);
        println!(
            "| {number} | {} | {} | {} | {} | {} | {} | {time:.1} | {} |",
            process.memory / 1024,
            process.mappings,
            process.descriptors,
            tool.memory / 1024,
            tool.mappings,
            tool.descriptors,
            sample.file / 1024
        );
    }
}

/// Prints what each patch adds; what is over its bar.
fn bars(samples: &[Sample]) -> Vec<String> {
    let from = samples.len() / 5;
    let grown = |of: fn(&Sample) -> u64| growth(samples, from, of);
    let fifth = samples.len() / 5;
    let time = share(&samples[samples.len() - fifth..], 10) / share(&samples[..fifth], 10);
    let rows = [
        (
            "memory of the process, bytes",
            grown(|sample| sample.process.memory),
            PROCESS_BYTES,
        ),
        (
            "mappings of the process",
            grown(|sample| sample.process.mappings),
            MAPPINGS,
        ),
        (
            "descriptors of the process",
            grown(|sample| sample.process.descriptors),
            0.05,
        ),
        (
            "memory of the tool, bytes",
            grown(|sample| sample.tool.memory),
            TOOL_BYTES,
        ),
        ("mappings of the tool", grown(|sample| sample.tool.mappings), 0.1),
        (
            "descriptors of the tool",
            grown(|sample| sample.tool.descriptors),
            0.05,
        ),
        ("time without rustc, last fifth against first", time, TIME),
    ];
    println!("\n| each patch adds | measured | bar |\n|---|---|---|");
    let mut failed = Vec::new();
    for (name, measured, bar) in rows {
        println!("| {name} | {measured:.2} | {bar} |");
        if measured > bar {
            failed.push(name.to_owned());
        }
    }
    failed
}

fn median(samples: &[Sample]) -> f64 {
    share(samples, 2)
}

/// The time below which one in `part` lies.
fn share(samples: &[Sample], part: usize) -> f64 {
    let mut times: Vec<f64> = samples.iter().map(|sample| sample.own_time).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / part]
}
