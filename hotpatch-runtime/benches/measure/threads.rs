//! What a call costs each thread when two threads call at the same time.
//!
//! The time is that of the thread's own processor, so a neighbour who takes the processor away does not count, and a
//! cache line that two threads write does.

use std::sync::{Barrier, RwLock};
use std::thread;

use hotpatch_runtime::call;

use super::calls::{body, hot};
use super::figure::{Bar, Figure};
use super::rounds::{median, repeat};

const CALLS: u64 = 500_000;
const ROUNDS: usize = 31;

#[derive(Clone, Copy)]
enum Place {
    Anywhere,
    /// Each thread on a processor of its own.
    Pinned,
}

/// What is no candidate and shows that the figure sees a shared cache line.
const CONTROL: &str = "a call under an `RwLock`";

static LOCK: RwLock<()> = RwLock::new(());

type Run = fn(u64);

const PLACES: [(Place, &str, [&str; 3]); 2] = [
    (
        Place::Anywhere,
        "free to move",
        [
            "inside, 2 threads against 1",
            "outside, 2 threads against 1",
            "`call`, 2 threads against 1",
        ],
    ),
    (
        Place::Pinned,
        "pinned",
        [
            "inside, 2 pinned against 1",
            "outside, 2 pinned against 1",
            "`call`, 2 pinned against 1",
        ],
    ),
];

const CANDIDATES: [(&str, Run); 4] = [
    ("inside `call`", |calls| call(|| repeat(calls, hot))),
    ("outside `call`", |calls| repeat(calls, hot)),
    ("`call`", |calls| repeat(calls, |x| call(move || hot(x)))),
    (CONTROL, |calls| {
        repeat(calls, |x| {
            let _read = LOCK.read().unwrap();
            body(x)
        });
    }),
];

pub(crate) fn figures() -> Vec<Figure> {
    let mut figures = Vec::new();
    for (place, how, short) in PLACES {
        let mut rounds = CANDIDATES.map(|_| [Vec::new(), Vec::new()]);
        for _ in 0..ROUNDS {
            for (rounds, (_, run)) in rounds.iter_mut().zip(CANDIDATES) {
                rounds[0].extend(measure(1, place, run));
                rounds[1].extend(measure(2, place, run));
            }
        }
        let shorts = short.into_iter().map(Some).chain([None]);
        for (([one, two], (name, _)), short) in rounds.into_iter().zip(CANDIDATES).zip(shorts) {
            let (one, two) = (median(one), median(two));
            println!(
                "{name}, threads {how}: one {one:.2} ns, each of two {two:.2} ns, {:.2} x",
                two / one
            );
            if let Some(short) = short {
                let what = format!("{name}, each of two threads against one, {how}");
                figures.push(Figure::ratio(short, what, two / one, Bar::AtMost(1.1)));
            }
        }
    }
    figures
}

/// Nanoseconds for a call, on each thread.
fn measure(threads: usize, place: Place, run: Run) -> Vec<f64> {
    let together = &Barrier::new(threads);
    thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|index| {
                scope.spawn(move || {
                    if let Place::Pinned = place {
                        pin(index);
                    }
                    run(1000);
                    together.wait();
                    let started = processor_time();
                    run(CALLS);
                    (processor_time() - started) / CALLS as f64
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}

/// Nanoseconds that this thread has run.
fn processor_time() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the time.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn pin(processor: usize) {
    // SAFETY: the set is valid when it is all zeros, and is only read.
    let result = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set)
    };
    assert_eq!(result, 0, "the benchmark needs two processors");
}
