//! What commits cost the threads that call: the tail of the times of single calls, with a commit every ten milliseconds
//! and without.
//!
//! A call has about a microsecond of work in it, so that the ten thousandth part of them is about as many as there are
//! commits. Of shorter calls the commits would meet too few to show.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hotpatch_runtime::{apply, call};

use super::calls::hot;
use super::figure::Figure;
use super::fleet::Patches;
use crate::support;

const ROUNDS: usize = 20;
const COMMITS: usize = 30;
const PERIOD: Duration = Duration::from_millis(10);
const HOT_CALLS: usize = 300;
/// Microseconds.
const BAR: f64 = 20.0;
const SIZES: [(usize, &str); 2] = [
    (1, "commit of 1 function every 10 ms, added to p99.99"),
    (1000, "commit of 1,000 every 10 ms, added to p99.99"),
];

pub(crate) fn figures() -> Vec<Figure> {
    let folder = support::folder();
    let mut sizes = SIZES.map(|(functions, _)| Patches::new(folder.path(), functions));
    let mut alone = Vec::new();
    let mut disturbed = SIZES.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        alone.push(tail(vec![None; COMMITS], take));
        for (patches, disturbed) in sizes.iter_mut().zip(&mut disturbed) {
            disturbed.push(tail((0..COMMITS).map(|_| Some(patches.next())).collect(), take));
        }
    }
    // The quietest rounds count: a neighbour on the machine takes whole time slices from either kind.
    let quietest = |rounds: Vec<Duration>| rounds.into_iter().min().expect("a round").as_secs_f64() * 1e6;
    let alone = quietest(alone);
    println!("a call of about a microsecond, without commits: p99.99 {alone:.1} us");
    SIZES
        .iter()
        .zip(disturbed)
        .map(|((functions, short), disturbed)| {
            let disturbed = quietest(disturbed);
            println!("with a commit of {functions} functions every {PERIOD:?}: p99.99 {disturbed:.1} us");
            let what = format!(
                "a commit of {functions} functions every 10 ms: what it adds to the p99.99 of a call of 1 us"
            );
            Figure::microseconds(short, what, (disturbed - alone).max(0.0), BAR)
        })
        .collect()
}

fn take(path: PathBuf) {
    apply(path).expect("a good patch");
}

/// The time that one of ten thousand calls exceeds, while another thread does these commits, or only keeps their
/// times.
pub(super) fn tail<C: Send>(commits: Vec<Option<C>>, commit_of: impl Fn(C)) -> Duration {
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        let caller = scope.spawn(move || {
            let mut times = Vec::with_capacity(4_000_000);
            // Relaxed: nothing else is told by it.
            while !done.load(Ordering::Relaxed) && times.len() < times.capacity() {
                let started = Instant::now();
                call(|| (0..HOT_CALLS).fold(1, |x, _| hot(black_box(x))));
                times.push(started.elapsed());
            }
            times
        });
        let mut next = Instant::now();
        for commit in commits {
            next += PERIOD;
            thread::sleep(next.saturating_duration_since(Instant::now()));
            if let Some(path) = commit {
                commit_of(path);
            }
        }
        done.store(true, Ordering::Relaxed);
        let mut times = caller.join().unwrap();
        let at = times.len() - 1 - times.len() / 10_000;
        *times.select_nth_unstable(at).1
    })
}
