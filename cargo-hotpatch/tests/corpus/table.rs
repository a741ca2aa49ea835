//! The table of outcomes by kind.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::data::Outcome;
use crate::kind::KINDS;
use crate::verdict::{Problem, Verdict};

const COLUMNS: [(Outcome, &str); 6] = [
    (Outcome::Applied, "applied"),
    (Outcome::Nothing, "nothing"),
    (Outcome::Refused, "refused"),
    (Outcome::Unreached, "unreached"),
    (Outcome::Restart, "restart"),
    (Outcome::BuildFailed, "build failed"),
];

/// The table, and below it the sums.
pub(crate) fn table(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    let heads: Vec<_> = COLUMNS.iter().map(|(_, head)| *head).collect();
    line(
        &mut text,
        "kind",
        &[&["edits"], &heads[..], &["wrong", "silent"]].concat(),
    );
    line(&mut text, "---", &["---:"; 9]);
    for kind in KINDS {
        let of_kind: Vec<_> = verdicts.iter().filter(|verdict| verdict.kind == kind).collect();
        if !of_kind.is_empty() {
            row(&mut text, kind, &of_kind);
        }
    }
    let all: Vec<_> = verdicts.iter().collect();
    row(&mut text, "all", &all);
    text + &sums(verdicts)
}

fn sums(verdicts: &[Verdict]) -> String {
    let parts = |verdict: &Verdict| -> Vec<String> { verdict.name.split('/').map(str::to_owned).collect() };
    let programs: BTreeSet<_> = verdicts.iter().map(|verdict| parts(verdict)[0].clone()).collect();
    let in_release = verdicts
        .iter()
        .filter(|verdict| parts(verdict)[1] == "release")
        .count();
    let applied = verdicts
        .iter()
        .filter(|verdict| verdict.problem.is_none() && verdict.expected == Outcome::Applied);
    let share = 100 * applied.count() / verdicts.len().max(1);
    let (wrong, silent) = problems(verdicts.iter());
    let edits = verdicts.len() - in_release;
    format!(
        "\n{edits} edits of {} programs, {in_release} of them also in a release build: {share} % applied, {wrong} wrong\n\n\
         {silent} silent\n",
        programs.len()
    )
}

fn row(text: &mut String, kind: &str, verdicts: &[&Verdict]) {
    let right = |outcome: Outcome| {
        let right = verdicts.iter().filter(|verdict| verdict.problem.is_none());
        right.filter(|verdict| verdict.expected == outcome).count()
    };
    let (wrong, silent) = problems(verdicts.iter().copied());
    let mut counts = vec![verdicts.len()];
    counts.extend(COLUMNS.iter().map(|(outcome, _)| right(*outcome)));
    counts.extend([wrong, silent]);
    let counts: Vec<_> = counts.iter().map(usize::to_string).collect();
    line(text, kind, &counts.iter().map(String::as_str).collect::<Vec<_>>());
}

fn line(text: &mut String, first: &str, rest: &[&str]) {
    write!(text, "| {first:<22} |").unwrap();
    for (cell, width) in rest.iter().zip([5, 7, 7, 7, 9, 7, 12, 5, 6]) {
        write!(text, " {cell:>width$} |").unwrap();
    }
    text.push('\n');
}

/// How many are wrong, how many silent.
pub(crate) fn problems<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> (usize, usize) {
    verdicts.fold((0, 0), |(wrong, silent), verdict| match verdict.problem {
        None => (wrong, silent),
        Some(Problem::Wrong(_)) => (wrong + 1, silent),
        Some(Problem::Silent(_)) => (wrong, silent + 1),
    })
}
