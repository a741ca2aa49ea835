//! The table of what was measured, with each bar next to its number.

use crate::Measured;
use crate::large::Size;
use crate::samples::Samples;
use crate::workspace::Kind;

/// Prints the table.
pub(crate) fn print(measured: &[Measured]) {
    let names: Vec<String> = measured.iter().map(|program| program.name.to_owned()).collect();
    row("", &names, "bar");
    let rule: String = names.iter().map(|_| "------------|").collect();
    println!("|{:-<66}|{rule}----------|", "");
    let each = |cell: &dyn Fn(&Measured) -> String| measured.iter().map(cell).collect::<Vec<_>>();

    let edits = measured[0].series.live.len();
    row(
        &format!("edit saved, new code runs: p50 of {edits}"),
        &each(&|m| ms(m.series.live.p50())),
        "",
    );
    row(
        "bare rustc replay of the same edits: p50",
        &each(&|m| ms(m.series.bare.p50())),
        "",
    );
    row(
        "more than the bare replay: p50 - p50",
        &each(&|m| ms(m.series.live.p50() - m.series.bare.p50())),
        "40 ms",
    );
    row(
        "ratio: p50 / p50",
        &each(&|m| ratio(m.series.live.p50() / m.series.bare.p50())),
        "",
    );
    row(
        "edit saved, new code runs: p95",
        &each(&|m| ms(m.series.live.p95())),
        "",
    );
    row(
        "bare rustc replay of the same edits: p95",
        &each(&|m| ms(m.series.bare.p95())),
        "",
    );
    row(
        "the first edit after the build",
        &each(&|m| ms(m.series.live.first())),
        "",
    );
    row(
        "bare rustc replay of the first edit",
        &each(&|m| ms(m.series.bare.first())),
        "",
    );
    for (index, (phase, _)) in measured[0].series.phases.iter().enumerate() {
        row(
            &format!("- {phase}"),
            &each(&|m| ms(m.series.phases[index].1.p50())),
            "",
        );
    }

    let pairs = measured[0].builds.ratio.len();
    let seconds = |samples: &Samples| format!("{:.1} s", samples.p50() / 1e3);
    row(
        &format!("first build, plain cargo: p50 of {pairs}"),
        &each(&|m| seconds(&m.builds.plain)),
        "",
    );
    row(
        "first build, cargo hotpatch: p50",
        &each(&|m| seconds(&m.builds.hotpatch)),
        "",
    );
    row(
        "ratio within a pair: p50",
        &each(&|m| ratio(m.builds.ratio.p50())),
        "1.25 x",
    );

    let starts = measured[0].starts.len();
    row(
        &format!("run again without changes, until attached: p50 of {starts}"),
        &each(&|m| ms(m.starts.p50())),
        "500 ms",
    );
}

/// Prints what edits of the leaf of a workspace took.
pub(crate) fn print_workspace(kinds: &[Kind]) {
    let names: Vec<String> = kinds.iter().map(|kind| kind.name.to_owned()).collect();
    row("leaf of a workspace", &names, "");
    let rule: String = names.iter().map(|_| "------------|").collect();
    println!("|{:-<66}|{rule}----------|", "");
    let each = |cell: &dyn Fn(&Kind) -> String| kinds.iter().map(cell).collect::<Vec<_>>();
    row(
        "crates compiled, of twenty and the program",
        &each(&|kind| kind.compiled.to_string()),
        "",
    );
    row(
        &format!("edit saved, new code runs: p50 of {}", kinds[0].live.len()),
        &each(&|kind| ms(kind.live.p50())),
        "",
    );
    row(
        "edit saved, new code runs: p95",
        &each(&|kind| ms(kind.live.p95())),
        "",
    );
    row("- replay: p50", &each(&|kind| ms(kind.replay.p50())), "");
}

/// Prints what edits of large crates took.
pub(crate) fn print_large(sizes: &[Size]) {
    let names: Vec<String> = sizes.iter().map(|size| size.name.to_owned()).collect();
    row("one function of a large crate", &names, "bar");
    let rule: String = names.iter().map(|_| "------------|").collect();
    println!("|{:-<66}|{rule}----------|", "");
    let each = |cell: &dyn Fn(&Size) -> String| sizes.iter().map(cell).collect::<Vec<_>>();
    row(
        &format!("compared and checked: p50 of {}", sizes[0].live.len()),
        &each(&|size| ms(size.compare.p50())),
        "15, 60 ms",
    );
    row(
        "edit saved, new code runs: p50",
        &each(&|size| ms(size.live.p50())),
        "",
    );
    row("- replay: p50", &each(&|size| ms(size.replay.p50())), "");
}

fn row(label: &str, cells: &[String], bar: &str) {
    let cells: String = cells.iter().map(|cell| format!("{cell:>10} | ")).collect();
    println!("| {label:<64} | {cells}{bar:>8} |");
}

fn ms(ms: f64) -> String {
    format!("{ms:.1} ms")
}

fn ratio(ratio: f64) -> String {
    format!("{ratio:.2} x")
}
