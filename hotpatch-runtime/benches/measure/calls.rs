//! What a call of a hot function costs, beside a plain call and one through an `AtomicPtr`.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicPtr, Ordering};

use hotpatch_abi::entry::{Body, Entry};
use hotpatch_runtime::{Registered, apply, call, enter, rollback};

use super::figure::{Bar, Figure};
use super::fleet;
use super::rounds::{Candidate, Medians, candidate, time, time_an_eighth};
use crate::support;

/// What every candidate calls in the end.
#[inline(never)]
pub(crate) fn body(x: u64) -> u64 {
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

/// What `#[hotpatch]` makes of `body`.
#[inline(never)]
pub(crate) fn hot(x: u64) -> u64 {
    // SAFETY: `body` is the only body of this entry.
    unsafe { enter(&ENTRY, body as fn(u64) -> u64, move |body| body(x)) }
}

pub(crate) const DIRECT: &str = "direct call";
pub(crate) const ATOMIC: &str = "call through an AtomicPtr";
pub(crate) const INSIDE: &str = "hot function inside `call`";
pub(crate) const OUTSIDE: &str = "hot function outside `call`";
pub(crate) const AROUND_HOT: &str = "`call` around a hot function";
const PATCHED: &str = ", patched";
pub(crate) const CLOSURES: &str = "`call` of a closure, mean of eight";
pub(crate) const INSIDE_PATCHED: &str = "hot function inside `call`, patched";
pub(crate) const OUTSIDE_PATCHED: &str = "hot function outside `call`, patched";
pub(crate) const AROUND_HOT_PATCHED: &str = "`call` around a hot function, patched";
pub(crate) const CLOSURES_PATCHED: &str = "`call` of a closure, mean of eight, patched";

/// The mean of eight closures, each called in a loop of its own. The numbers make them different ones.
#[macro_export]
macro_rules! mean_of_eight {
    ($call:ident) => {{
        let calls = [
            time_an_eighth($call::<0>),
            time_an_eighth($call::<1>),
            time_an_eighth($call::<2>),
            time_an_eighth($call::<3>),
            time_an_eighth($call::<4>),
            time_an_eighth($call::<5>),
            time_an_eighth($call::<6>),
            time_an_eighth($call::<7>),
        ];
        calls.iter().sum::<f64>() / 8.0
    }};
}

#[inline(never)]
fn call_closure<const NUMBER: u64>(x: u64) -> u64 {
    call(move || body(x ^ NUMBER))
}

/// Our own ways to call. The names of patched ones tell [`switch`] what is live.
pub(crate) fn candidates() -> Vec<Candidate> {
    POINTER.store(black_box(body as fn(u64) -> u64 as *mut ()), Ordering::Release);
    let inside = || call(|| time(hot));
    let outside = || time(hot);
    let around_hot = || time(|x| call(move || hot(x)));
    let closures = || mean_of_eight!(call_closure);
    vec![
        candidate(DIRECT, || time(direct)),
        candidate(ATOMIC, || time(atomic_pointer)),
        candidate(INSIDE, inside),
        candidate(OUTSIDE, outside),
        candidate(AROUND_HOT, around_hot),
        candidate(CLOSURES, closures),
        candidate(CLOSURES_PATCHED, closures),
        candidate(INSIDE_PATCHED, inside),
        candidate(OUTSIDE_PATCHED, outside),
        candidate(AROUND_HOT_PATCHED, around_hot),
    ]
}

/// A process with a patch of everything, and the way to and from it.
pub(crate) struct Patched {
    /// The generation that is live, and one that runs the other code.
    generations: Cell<[u64; 2]>,
    is_live: Cell<bool>,
}

impl Patched {
    pub(crate) fn new() -> Self {
        let folder = support::folder();
        let path = fleet::patch_with_the_same_code(folder.path(), &ENTRY);
        let applied = apply(path).expect("a good patch");
        Self {
            generations: Cell::new([applied.generation, 0]),
            is_live: Cell::new(true),
        }
    }

    /// Makes live what the candidate is measured with.
    pub(crate) fn switch(&self, name: &str) {
        if self.is_live.replace(name.ends_with(PATCHED)) != self.is_live.get() {
            let [live, other] = self.generations.get();
            let rolled_back = rollback(other).expect("the generation is kept");
            self.generations.set([rolled_back.generation, live]);
        }
    }
}

/// The bars that need no peer.
pub(crate) fn figures(medians: &Medians) -> Vec<Figure> {
    let worse = |one, other| medians.of(one).max(medians.of(other));
    let direct = medians.of(DIRECT);
    let inside = worse(INSIDE, INSIDE_PATCHED);
    let own = |around, inside| (medians.of(around) - medians.of(inside)).max(0.0);
    let call = own(AROUND_HOT, INSIDE).max(own(AROUND_HOT_PATCHED, INSIDE_PATCHED));
    vec![
        Figure::ratio(
            "inside `call`, against an AtomicPtr",
            "a hot function inside `call`, against a call through an `AtomicPtr`",
            inside / medians.of(ATOMIC),
            Bar::AtMost(1.3),
        ),
        Figure::ratio(
            "`call` itself, against a direct call",
            "`call` itself (with a hot function in it, less that function), against a direct call",
            call / direct,
            Bar::AtMost(3.0),
        ),
        Figure::ratio(
            "outside `call`, against a direct call",
            "a hot function outside `call`, against a direct call",
            worse(OUTSIDE, OUTSIDE_PATCHED) / direct,
            Bar::AtMost(3.0),
        ),
    ]
}

/// All medians, as times and as ratios.
pub(crate) fn print(medians: &Medians) {
    for (name, nanos) in medians.iter() {
        println!(
            "{name:<55} {nanos:7.2} ns {:7.2} x AtomicPtr {:7.2} x direct",
            nanos / medians.of(ATOMIC),
            nanos / medians.of(DIRECT)
        );
    }
}
