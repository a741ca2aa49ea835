//! Rounds of candidates that alternate, so that a change of the clock or a neighbour on the machine meets all of them.
//! The median of the rounds counts.

use std::hint::black_box;
use std::time::Instant;

const CALLS: u64 = 200_000;
const ROUNDS: usize = 101;

/// One way to call a function.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    /// Nanoseconds for one call.
    measure: fn() -> f64,
}

/// The medians of all candidates.
pub(crate) struct Medians(Vec<(&'static str, f64)>);

pub(crate) const fn candidate(name: &'static str, measure: fn() -> f64) -> Candidate {
    Candidate { name, measure }
}

/// Nanoseconds for one of many calls. None needs the result of the one before, so what a call does is counted and not how
/// long its result takes to pass through memory.
#[inline(always)]
pub(crate) fn time(run: impl Fn(u64) -> u64) -> f64 {
    time_calls(CALLS, run)
}

/// The same for one of eight loops of a candidate: the longer it takes, the more of the neighbours is in it.
#[inline(always)]
pub(crate) fn time_an_eighth(run: impl Fn(u64) -> u64) -> f64 {
    time_calls(CALLS / 8, run)
}

#[inline(always)]
fn time_calls(calls: u64, run: impl Fn(u64) -> u64) -> f64 {
    let started = Instant::now();
    repeat(calls, run);
    started.elapsed().as_secs_f64() * 1e9 / calls as f64
}

#[inline(always)]
pub(crate) fn repeat(calls: u64, run: impl Fn(u64) -> u64) {
    let mut sum = 0;
    for x in 0..calls {
        sum ^= run(black_box(x));
    }
    black_box(sum);
}

/// Measures all candidates. `before` is called before each of them, with its name.
pub(crate) fn medians(candidates: &[Candidate], before: impl Fn(&str)) -> Medians {
    let mut rounds = vec![Vec::with_capacity(ROUNDS); candidates.len()];
    for _ in 0..ROUNDS {
        for (round, candidate) in rounds.iter_mut().zip(candidates) {
            before(candidate.name);
            round.push((candidate.measure)());
        }
    }
    let medians = candidates.iter().zip(rounds);
    Medians(
        medians
            .map(|(candidate, round)| (candidate.name, median(round)))
            .collect(),
    )
}

pub(crate) fn median(mut round: Vec<f64>) -> f64 {
    round.sort_by(f64::total_cmp);
    round[round.len() / 2]
}

impl Medians {
    pub(crate) fn of(&self, name: &str) -> f64 {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("`{name}` was not measured")).1
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.0.iter().copied()
    }
}
