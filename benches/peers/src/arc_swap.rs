//! arc-swap 1.9: a function behind an `ArcSwap`, loaded for each call.

use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use ::arc_swap::ArcSwap;

use crate::measure::calls::body;
use crate::measure::rounds::{Candidate, candidate, time};

pub(crate) const CALL: &str = "`ArcSwap::load` and a call (arc-swap 1.9.5)";

type Function = fn(u64) -> u64;

static CODE: LazyLock<ArcSwap<Function>> =
    LazyLock::new(|| ArcSwap::new(Arc::new(black_box(body as Function))));

#[inline(never)]
fn call(x: u64) -> u64 {
    let code = CODE.load();
    (**code)(x)
}

pub(crate) fn candidates() -> Vec<Candidate> {
    assert_eq!(call(5), body(5));
    vec![candidate(CALL, || time(call))]
}
