//! What a typed call of a contract costs over the calls below it: that of the function by its handle, and that of a pointer to
//! an `extern "C"` function of the same shape. All inside of `hotpatch::call`.
//! `cargo bench -p hotpatch-module --bench clients`.

#[path = "../../hotpatch-runtime/benches/measure/rounds.rs"]
#[allow(dead_code, reason = "every bench uses a part of it")]
mod rounds;

use std::ffi::c_void;
use std::hint::black_box;
use std::ptr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use hotpatch_module::abi::{ModuleFn, ModuleVersion};
use hotpatch_module::{Function, ModuleHost, contract};
use rounds::{candidate, medians, time};

const RAW: &str = "raw `extern \"C\"` call through an atomic pointer";
const HANDLE: &str = "function by its handle";
const TYPED: &str = "method of a client";
/// In nanoseconds.
const BAR: f64 = 1.0;

#[contract(version = "1.0.0")]
trait Hot {
    fn hot(&self, x: u64) -> u64;
}

struct Plain;

impl Hot for Plain {
    fn hot(&self, x: u64) -> u64 {
        body(x)
    }
}

#[inline(never)]
fn body(x: u64) -> u64 {
    (x * 3) ^ 1
}

unsafe extern "C" fn raw(_: *mut c_void, input: *const c_void, output: *mut c_void) -> i32 {
    // SAFETY: both are a `u64`.
    unsafe { output.cast::<u64>().write(body(input.cast::<u64>().read())) };
    0
}

static POINTER: AtomicPtr<c_void> = AtomicPtr::new(raw as *mut c_void);

static HOST: LazyLock<ModuleHost> = LazyLock::new(|| {
    let host = ModuleHost::new(ModuleVersion::new(1, 0, 0));
    host.register_fallbacks::<HotClient, _>("bench", Plain).unwrap();
    // SAFETY: it takes a number, and gives back a number.
    unsafe { host.register_fallback("raw.hot", raw) }.unwrap();
    host
});

static FUNCTION: LazyLock<Function> = LazyLock::new(|| HOST.function("raw.hot").unwrap());
static CLIENT: LazyLock<HotClient> = LazyLock::new(|| HOST.client("bench").unwrap());

fn call_raw(x: u64) -> u64 {
    // Relaxed: what it points to was there before the program began.
    let pointer = POINTER.load(Ordering::Relaxed);
    // SAFETY: it was made of a function of this type.
    let function: ModuleFn = unsafe { std::mem::transmute(pointer) };
    let mut output = 0_u64;
    // SAFETY: both are a `u64`.
    let status = unsafe { function(ptr::null_mut(), (&raw const x).cast(), (&raw mut output).cast()) };
    if status == 0 { output } else { 0 }
}

fn call_handle(function: &Function, x: u64) -> u64 {
    let mut output = 0_u64;
    // SAFETY: both are a `u64`.
    let status = unsafe { function.call_for_status((&raw const x).cast(), (&raw mut output).cast()) };
    if status == 0 { output } else { 0 }
}

fn main() {
    let candidates = [
        candidate(RAW, || hotpatch_runtime::call(|| time(call_raw))),
        candidate(HANDLE, || {
            let function = black_box(&*FUNCTION);
            hotpatch_runtime::call(|| time(|x| call_handle(function, x)))
        }),
        candidate(TYPED, || {
            let client = black_box(&*CLIENT);
            hotpatch_runtime::call(|| time(|x| client.hot(x).unwrap_or(0)))
        }),
    ];
    let medians = medians(&candidates, |_| {});
    for (name, nanoseconds) in medians.iter() {
        println!("{name}: {nanoseconds:.2} ns");
    }
    let over = |below| medians.of(TYPED) - medians.of(below);
    let verdict = if over(HANDLE) <= BAR { "met" } else { "MISSED" };
    println!(
        "{TYPED}, over {HANDLE}: {:+.2} ns, bar at most +{BAR} ns: {verdict}",
        over(HANDLE)
    );
    println!("{TYPED}, over {RAW}, which finds no module: {:+.2} ns", over(RAW));
}
