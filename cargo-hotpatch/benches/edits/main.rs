//! From a save to new code in the running program, beside the rustc that any tool would have to wait for; and what the
//! tool adds to the first build and to a start. `cargo bench -p cargo-hotpatch --bench edits`, with `-- --quick` for a
//! first impression, with `-- server` for one of the programs, with `-- workspace` for a workspace of twenty crates,
//! with `-- large` for crates of 5,000 and of 50,000 lines.
//!
//! Both sides of every comparison run in turn on the same scratch copies of the examples, so that a neighbour on the
//! machine meets both. Medians and ratios count, not single numbers.

#[path = "../../tests/e2e/project.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod project;
#[path = "../../tests/e2e/session.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod session;

mod bare;
mod builds;
mod example;
mod large;
mod samples;
mod series;
mod table;
mod workspace;

use std::time::Instant;

use builds::Builds;
use example::Example;
use samples::Samples;
use series::Series;

const PROGRAMS: [&str; 2] = ["counter", "server"];

/// The name under which the workspace is chosen.
const WORKSPACE: &str = "workspace";
/// The name under which the large crates are chosen.
const LARGE: &str = "large";

/// How often each thing is measured.
struct Effort {
    edits: usize,
    builds: usize,
    starts: usize,
}

const FULL: Effort = Effort {
    edits: 20,
    builds: 3,
    starts: 5,
};
const QUICK: Effort = Effort {
    edits: 5,
    builds: 1,
    starts: 3,
};

/// What was measured with one program.
struct Measured {
    name: &'static str,
    series: Series,
    builds: Builds,
    starts: Samples,
}

impl Measured {
    fn of(name: &'static str, effort: &Effort) -> Self {
        let example = Example::new(name);
        eprintln!("{name}: first builds");
        let builds = builds::measure_first(&example, effort.builds);
        eprintln!("{name}: starts");
        let starts = builds::measure_starts(&example, effort.starts);
        eprintln!("{name}: edits");
        let series = series::measure(&example, effort.edits);
        Self {
            name,
            series,
            builds,
            starts,
        }
    }
}

fn main() {
    let has = |flag: &str| std::env::args().any(|arg| arg == flag);
    // Only `cargo bench` passes `--bench`; whoever else starts this wants to know whether it starts.
    if !has("--bench") || has("--test") || has("--list") {
        return;
    }
    let effort = if has("--quick") { QUICK } else { FULL };
    let started = Instant::now();
    let chosen = PROGRAMS.iter().chain([&WORKSPACE, &LARGE]).any(|name| has(name));
    let programs = PROGRAMS.iter().filter(|name| !chosen || has(name));
    let measured: Vec<_> = programs.map(|name| Measured::of(name, &effort)).collect();
    let workspace = (!chosen || has(WORKSPACE)).then(|| workspace::measure(effort.edits));
    let large = (!chosen || has(LARGE)).then(|| large::measure(effort.edits));
    eprintln!("measured in {:.0} s\n", started.elapsed().as_secs_f64());
    if !measured.is_empty() {
        table::print(&measured);
    }
    if let Some(workspace) = workspace {
        println!();
        table::print_workspace(&workspace);
    }
    if let Some(large) = large {
        println!();
        table::print_large(&large);
    }
}
