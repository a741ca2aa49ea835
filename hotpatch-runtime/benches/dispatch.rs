//! What a call of a hot function costs, beside the calls it competes with, in one run.
//!
//! A harness of our own because the bar is a ratio: rounds of all candidates alternate, so that a change of the clock
//! or a neighbour on the machine meets all of them, and the median of the rounds counts.

use std::hint::black_box;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Instant;

use hotpatch_abi::entry::{Body, Entry};
use hotpatch_runtime::{Registered, call, enter};

const CALLS: u64 = 1_000_000;
const ROUNDS: usize = 41;

#[inline(never)]
fn body(x: u64) -> u64 {
    x.wrapping_mul(3) ^ 1
}

static POINTER: AtomicPtr<()> = AtomicPtr::new(body as fn(u64) -> u64 as *mut ());
static ENTRY: Entry = Entry::new(
    "bench::hot",
    "fn hot(x: u64) -> u64",
    Some(Body(body as fn(u64) -> u64 as *const ())),
);
hotpatch_runtime::inventory::submit!(Registered(&ENTRY));

#[inline(never)]
fn direct(x: u64) -> u64 {
    body(x)
}

#[inline(never)]
fn atomic_pointer(x: u64) -> u64 {
    // SAFETY: the pointer is always that of `body`.
    let function: fn(u64) -> u64 = unsafe { std::mem::transmute(POINTER.load(Ordering::Acquire)) };
    function(x)
}

#[inline(never)]
fn hot(x: u64) -> u64 {
    // SAFETY: `body` is the only body of this entry.
    unsafe { enter(&ENTRY, body as fn(u64) -> u64, move |body| body(x)) }
}

fn time(run: impl Fn(u64) -> u64) -> f64 {
    let started = Instant::now();
    let mut x = 1;
    for _ in 0..CALLS {
        x = run(black_box(x));
    }
    black_box(x);
    started.elapsed().as_secs_f64() * 1e9 / CALLS as f64
}

type Candidate = (&'static str, fn() -> f64);

fn main() {
    POINTER.store(black_box(body as fn(u64) -> u64 as *mut ()), Ordering::Release);
    let candidates: [Candidate; 5] = [
        ("direct call", || time(direct)),
        ("call through an AtomicPtr", || time(atomic_pointer)),
        ("hot function inside `call`", || call(|| time(hot))),
        ("hot function outside", || time(hot)),
        ("`call` around a hot function", || time(|x| call(|| hot(x)))),
    ];
    let mut rounds = candidates.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (round, (_, measure)) in rounds.iter_mut().zip(&candidates) {
            round.push(measure());
        }
    }
    let medians = rounds.map(|mut round| {
        round.sort_by(f64::total_cmp);
        round[ROUNDS / 2]
    });
    let [direct, atomic, inside, outside, call] = medians;
    for ((name, _), nanos) in candidates.iter().zip(medians) {
        println!(
            "{name:<30} {nanos:6.2} ns   {:5.2} x AtomicPtr   {:5.2} x direct",
            nanos / atomic,
            nanos / direct
        );
    }
    bar("inside `call`, to AtomicPtr", inside / atomic, 1.3);
    bar("outside `call`, to a direct call", outside / direct, 3.0);
    bar(
        "`call` with its hot function, less that function, to a direct call",
        (call - inside).max(0.0) / direct,
        3.0,
    );
}

fn bar(what: &str, ratio: f64, bar: f64) {
    let met = if ratio <= bar { "met" } else { "MISSED" };
    println!("{what}: {ratio:.2}, bar {bar}: {met}");
}
