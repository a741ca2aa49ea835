//! The table of `tests/programs/README.md`.

use std::fmt::Write;

use crate::bench::{Outcome, Profile, Times};
use crate::data::Program;

/// A row for each program, and below them the sums.
pub(crate) fn table(results: &[(&Program, Vec<Outcome>)]) -> String {
    let mut text =
        "| program | kind | lines | edit | debug | release |\n|---|---|---:|---|---|---|\n".to_owned();
    for (program, outcomes) in results {
        for (index, edit) in program.edits.iter().enumerate() {
            let package = &program.package;
            let name = match index {
                0 => format!("{} {}", package.name, package.version),
                _ => String::new(),
            };
            let (kind, lines) = match index {
                0 => (program.kind.as_str(), outcomes[0].lines.to_string()),
                _ => ("", String::new()),
            };
            let cell = |profile: Profile| {
                let of = outcomes.iter().find(|outcome| outcome.profile == profile);
                of.map_or_else(|| "-".to_owned(), |of| cell(of.edits.get(index)))
            };
            let (debug, release) = (cell(Profile::Debug), cell(Profile::Release));
            writeln!(
                text,
                "| {name} | {kind} | {lines} | {} | {debug} | {release} |",
                edit.name
            )
            .unwrap();
        }
    }
    text + &sums(results)
}

/// `applied, 140 = 120 + 20 ms`.
fn cell(edit: Option<&Result<Times, String>>) -> String {
    match edit {
        None => "not tried".to_owned(),
        Some(Err(_)) => "FAILED".to_owned(),
        Some(Ok(times)) => format!(
            "applied: {:.0} ms = {:.0} + {:.0}",
            times.total,
            times.replay,
            overhead(times)
        ),
    }
}

fn sums(results: &[(&Program, Vec<Outcome>)]) -> String {
    let outcomes = || results.iter().flat_map(|(_, outcomes)| outcomes);
    let times: Vec<_> = outcomes().flat_map(|outcome| &outcome.edits).flatten().collect();
    let edits: usize = results
        .iter()
        .map(|(program, outcomes)| program.edits.len() * outcomes.len())
        .sum();
    let largest = results
        .iter()
        .filter_map(|(program, outcomes)| Some((outcomes.first()?.lines, program, outcomes)));
    let mut text = format!(
        "\n{} programs, {} of {edits} edits applied; overhead over the bare replay: p50 {:.0} ms",
        results.len(),
        times.len(),
        p50(times.iter().map(|times| overhead(times)).collect())
    );
    if let Some((_, program, outcomes)) = largest.max_by_key(|(lines, ..)| *lines) {
        let times = outcomes.iter().flat_map(|outcome| &outcome.edits).flatten();
        let p50 = p50(times.map(overhead).collect());
        write!(text, ", of the largest program ({}) {p50:.0} ms", program.name).unwrap();
    }
    text.push('\n');
    text
}

fn overhead(times: &Times) -> f64 {
    times.total - times.replay
}

fn p50(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
