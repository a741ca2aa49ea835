//! hotpatch-rs 0.1: a named slot with its fallback.

use std::ffi::c_void;
use std::sync::LazyLock;

use ::hotpatch_rs::HotpatchRuntime;

use crate::measure::calls::body;
use crate::measure::rounds::{Candidate, candidate, time};

pub(crate) const CALL: &str = "`call_typed` (hotpatch-rs 0.1.0)";

static RUNTIME: LazyLock<HotpatchRuntime> = LazyLock::new(|| {
    let runtime = HotpatchRuntime::new();
    runtime
        .register_fallback("bench.hot", fallback)
        .expect("a new slot");
    runtime
});

unsafe extern "C" fn fallback(_: *mut c_void, input: *const c_void, output: *mut c_void) -> i32 {
    // SAFETY: the caller here passes one `u64`, and room for one.
    unsafe { output.cast::<u64>().write(body(input.cast::<u64>().read())) };
    0
}

#[inline(never)]
fn call(runtime: &HotpatchRuntime, x: u64) -> u64 {
    let mut out = 0_u64;
    // SAFETY: the slot takes these types.
    unsafe { runtime.call_typed("bench.hot", &x, &mut out) }.expect("a slot");
    out
}

pub(crate) fn candidates() -> Vec<Candidate> {
    assert_eq!(call(&RUNTIME, 5), body(5));
    vec![candidate(CALL, || {
        let runtime = &*RUNTIME;
        time(|x| call(runtime, x))
    })]
}
