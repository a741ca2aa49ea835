//! From the wish to go back to another generation to its being live.

use std::time::Instant;

use hotpatch_runtime::{apply, rollback};

use super::commits::quantiles;
use super::figure::Figure;
use super::fleet::Patches;
use crate::support;

/// The quietest round counts, as with commits.
const ROUNDS: usize = 25;
const ROLL_BACKS: usize = 200;
/// Microseconds.
const BAR: f64 = 50.0;
const SIZES: [(usize, &str); 2] = [
    (1, "roll-back of 1 function, p99"),
    (1000, "roll-back of 1,000 functions, p99"),
];

pub(crate) fn figures() -> Vec<Figure> {
    let folder = support::folder();
    let figure = |(functions, short)| {
        let before = rollback(0).expect("generation 0 is kept").generation;
        let patched = apply(Patches::new(folder.path(), functions).next()).expect("a good patch");
        let (mut live, mut other) = (patched.generation, before);
        let mut back = |_| {
            let started = Instant::now();
            let rolled_back = rollback(other).expect("the generation is kept");
            let elapsed = started.elapsed();
            assert_eq!(rolled_back.functions.len(), functions);
            (live, other) = (rolled_back.generation, live);
            elapsed
        };
        let rounds = (0..ROUNDS).map(|_| quantiles((0..ROLL_BACKS).map(&mut back)));
        let (p99, p50) = rounds.min().expect("a round");
        println!("roll-back of {functions} functions: p50 {p50:?}, p99 {p99:?}");
        Figure::microseconds(short, short, p99.as_secs_f64() * 1e6, BAR)
    };
    SIZES.map(figure).into()
}
