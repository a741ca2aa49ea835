//! Calls through a host of modules: of a function that is part of this program, as those of the peers are, and of one in a
//! library that is loaded; and through a contract, beside the same call without a host.

use std::ffi::c_void;
use std::hint::black_box;
use std::ptr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use hotpatch_module::abi::{ModuleFn, ModuleVersion};
use hotpatch_module::{Function, ModuleHost, contract};

use crate::libraries;
use crate::measure::calls::body;
use crate::measure::rounds::{Candidate, candidate, time};

pub(crate) const RAW: &str = "raw `extern \"C\"` call of the shape of modules";
pub(crate) const INSIDE: &str = "function of a host of modules inside `call`";
pub(crate) const OUTSIDE: &str = "function of a host of modules outside `call`";
pub(crate) const TYPED: &str = "function of a contract inside `call`";
const LIBRARY: &str = "function of a module in a library, inside `call`";

/// A function of the shape that all modules have.
unsafe extern "C" fn hot(_: *mut c_void, input: *const c_void, output: *mut c_void) -> i32 {
    // SAFETY: the callers here pass a `u64`, and room for one.
    unsafe { output.cast::<u64>().write(body(input.cast::<u64>().read())) };
    0
}

#[allow(unreachable_pub, reason = "the macro asks for it")]
#[contract(version = "1.0.0")]
pub trait Bench {
    fn hot(x: u64) -> u64;
}

struct Implementation;

impl Bench for Implementation {
    fn hot(x: u64) -> u64 {
        body(x)
    }
}

static POINTER: AtomicPtr<c_void> = AtomicPtr::new(hot as ModuleFn as *mut c_void);

struct Host {
    inside: Function,
    library: Function,
    typed: BenchClient,
}

static HOST: LazyLock<Host> = LazyLock::new(|| {
    let host = ModuleHost::new(ModuleVersion::new(1, 0, 0));
    // SAFETY: it takes what `call` passes.
    unsafe { host.register_fallback("program.hot", hot) }.expect("its only fallback");
    host.register_fallbacks::<BenchClient, _>("typed", Implementation)
        .expect("its only fallback");
    host.load(libraries::module(0)).expect("a good module");
    Host {
        inside: host.function("program.hot").expect("a good name"),
        library: host.function("bench.hot").expect("a good name"),
        typed: host.client("typed").expect("its fallbacks"),
    }
});

#[inline(never)]
fn raw(x: u64) -> u64 {
    let mut out = 0_u64;
    // SAFETY: the pointer is always that of `hot`, which takes a `u64` and gives one.
    let status = unsafe {
        let function: ModuleFn = std::mem::transmute(POINTER.load(Ordering::Relaxed));
        function(ptr::null_mut(), (&raw const x).cast(), (&raw mut out).cast())
    };
    assert_eq!(status, 0);
    out
}

#[inline(never)]
fn call(function: &Function, x: u64) -> u64 {
    let mut out = 0_u64;
    // SAFETY: the function takes a `u64`, and gives one.
    unsafe { function.call((&raw const x).cast(), (&raw mut out).cast()) }.expect("it is there");
    out
}

#[inline(never)]
fn typed(client: &BenchClient, x: u64) -> u64 {
    client.hot(x).expect("it is there")
}

pub(crate) fn candidates() -> Vec<Candidate> {
    let Host {
        inside,
        library,
        typed: client,
    } = &*HOST;
    assert_eq!(
        [raw(5), call(inside, 5), call(library, 5), typed(client, 5)],
        [body(5); 4]
    );
    POINTER.store(black_box(hot as ModuleFn as *mut c_void), Ordering::Relaxed);
    vec![
        candidate(RAW, || time(raw)),
        candidate(INSIDE, || {
            let function = &HOST.inside;
            hotpatch_runtime::call(|| time(|x| call(function, x)))
        }),
        candidate(LIBRARY, || {
            let function = &HOST.library;
            hotpatch_runtime::call(|| time(|x| call(function, x)))
        }),
        candidate(OUTSIDE, || {
            let function = &HOST.inside;
            time(|x| call(function, x))
        }),
        candidate(TYPED, || {
            let client = &HOST.typed;
            hotpatch_runtime::call(|| time(|x| typed(client, x)))
        }),
    ]
}
