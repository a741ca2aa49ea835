//! What the sandbox costs: a call beside that of a native function, and loading beside the size of a module.
//! `cargo bench -p hotpatch-module --features wasm --bench sandbox`

#[path = "../tests/sandbox/wat.rs"]
#[allow(dead_code, reason = "the rest is for tests")]
mod wat_text;

use std::ffi::c_void;
use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use hotpatch_module::abi::ModuleVersion;
use hotpatch_module::{Function, Limits, ModuleHost};
use wat_text::{Folder, Wat};

const ADD: &str = "(i32.store (local.get $out)
    (i32.add (i32.load (local.get $in)) (i32.load offset=4 (local.get $in)))) (i32.const 0)";

/// Ten thousand rounds of a loop.
const LOOP: &str = "(local $left i32) (local $sum i32)
    (local.set $left (i32.const 10000))
    (loop $next
        (local.set $sum (i32.xor (i32.mul (local.get $sum) (i32.const 31)) (local.get $left)))
        (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.store (local.get $out) (local.get $sum)) (i32.const 0)";

fn main() {
    let folder = Folder::new();
    let host = ModuleHost::new(ModuleVersion::new(1, 0, 0));
    // SAFETY: both take two numbers of 32 bits and give back one.
    unsafe {
        host.register_fallback("native.add", add).unwrap();
        host.register_fallback("native.round", round).unwrap();
    }
    let sums = Wat::new("sums", (1, 0, 0))
        .function("add", 8, 4, ADD)
        .function("round", 8, 4, LOOP);
    host.load(
        folder.text(&sums.clone().function("copy", 4096, 4, "(i32.const 0)").function(
            "bad",
            8,
            4,
            "unreachable",
        )),
    )
    .unwrap();
    for (what, name, calls) in [
        ("call, native", "native.add", 1_000_000),
        ("call, sandbox", "sums.add", 100_000),
        ("call with 4 KiB of input, sandbox", "sums.copy", 100_000),
        (
            "call that runs a loop 10,000 times, native",
            "native.round",
            10_000,
        ),
        (
            "call that runs a loop 10,000 times, sandbox",
            "sums.round",
            10_000,
        ),
        ("call that traps, and a new instance, sandbox", "sums.bad", 2_000),
    ] {
        println!(
            "{what}: {:?}",
            median(|| calls_of(&host.function(name).unwrap(), calls))
        );
    }
    for functions in [1, 450] {
        let path = folder.file("large.wasm", &large(functions));
        let size = std::fs::metadata(&path).unwrap().len();
        println!("load of {size} bytes: {:?}", median(|| load(&path)));
    }
}

/// The middle of eleven rounds.
fn median(mut round: impl FnMut() -> Duration) -> Duration {
    let mut rounds: Vec<Duration> = (0..11).map(|_| round()).collect();
    rounds.sort();
    rounds[5]
}

/// What one call takes.
fn calls_of(function: &Function, calls: u32) -> Duration {
    let input = [1i32; 1024];
    let mut output = 0i32;
    let begin = Instant::now();
    for _ in 0..calls {
        // SAFETY: the input is at least as long as any of them takes, and the output is one number.
        let _ = unsafe { black_box(function).call((&raw const input).cast(), (&raw mut output).cast()) };
    }
    black_box(output);
    begin.elapsed() / calls
}

/// What loading takes, into a host of its own.
fn load(path: &Path) -> Duration {
    let host = ModuleHost::new(ModuleVersion::new(1, 0, 0));
    host.limit(Limits::new().time(Duration::from_secs(10)));
    let begin = Instant::now();
    host.load(path).unwrap();
    begin.elapsed()
}

/// A module with so many functions of about 220 bytes.
fn large(functions: u32) -> Vec<u8> {
    let mut more = String::new();
    for index in 0..functions {
        let _ = write!(more, "(func $g{index} (param i32) (result i32) (local i32)");
        for step in 0..12 {
            let _ = write!(
                more,
                "(local.set 1 (i32.add (local.get 1) (i32.mul (i32.load offset={} (local.get 0)) (i32.const {}))))
                 (if (i32.gt_s (local.get 1) (i32.const {step})) (then (i32.store offset=8 (local.get 0) (local.get 1))))",
                4 * step,
                index + step
            );
        }
        more += "(local.get 1))";
    }
    let module = Wat::new("large", (1, 0, 0))
        .function("add", 8, 4, ADD)
        .more(&more);
    wat::parse_str(module.text()).unwrap()
}

unsafe extern "C" fn add(_: *mut c_void, input: *const c_void, output: *mut c_void) -> i32 {
    // SAFETY: the caller hands over two numbers, and room for one.
    unsafe {
        let [a, b] = input.cast::<[i32; 2]>().read();
        output.cast::<i32>().write(a.wrapping_add(b));
    }
    0
}

unsafe extern "C" fn round(_: *mut c_void, _: *const c_void, output: *mut c_void) -> i32 {
    let mut sum = 0i32;
    for left in (1..=10_000).rev() {
        sum = black_box(sum.wrapping_mul(31) ^ left);
    }
    // SAFETY: the caller has room for one number.
    unsafe { output.cast::<i32>().write(sum) };
    0
}
