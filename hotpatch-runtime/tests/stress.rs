//! Threads that call at full speed while patch after patch is committed.
//!
//! Patch `n` makes every function return `n`, so a result names the generation it came from. For one thread the
//! results must never go backwards, over all functions: after one function has answered from generation `n`, none may
//! answer from an older one. That is what a torn commit would look like.
//!
//! Under AddressSanitizer it also shows that no table is used after it was freed:
//!
//! ```text
//! RUSTFLAGS=-Zsanitizer=address cargo +nightly test -p hotpatch-runtime --target x86_64-unknown-linux-gnu
//! ```

#[macro_use]
mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use hotpatch_abi::entry::Entry;
use hotpatch_runtime::{apply, call, functions, generation};

use support::{Dylib, StopOnDrop, compile, folder};

hot!(f0, F0, 0);
hot!(f1, F1, 0);
hot!(f2, F2, 0);
hot!(f3, F3, 0);

const FUNCTIONS: [fn() -> u64; 4] = [f0, f1, f2, f3];
const PUBLISHED: [(&Entry, &str); 4] = [(&F0, "f0"), (&F1, "f1"), (&F2, "f2"), (&F3, "f3")];
const COMMITS: u64 = 200;
const VALUE: u64 = 0xfeed_face_cafe_f00d;

/// What one thread has seen.
#[derive(Default)]
struct Witness {
    last: u64,
}

impl Witness {
    fn call(&mut self, function: fn() -> u64) {
        let before = generation();
        let value = function();
        let after = generation();
        assert!(
            (before..=after).contains(&value),
            "{value} between generations {before} and {after}"
        );
        assert!(value >= self.last, "{value} after {}", self.last);
        self.last = value;
    }

    fn call_all(&mut self) {
        for function in FUNCTIONS {
            self.call(function);
        }
    }
}

fn compile_template() -> (Dylib, usize) {
    let dylib = compile(&format!(
        "static const volatile unsigned long value = {VALUE}UL;
         unsigned long f0(void) {{ return value; }}
         unsigned long f1(void) {{ return value; }}
         unsigned long f2(void) {{ return value; }}
         unsigned long f3(void) {{ return value; }}"
    ));
    let at = dylib
        .bytes
        .windows(8)
        .position(|bytes| bytes == VALUE.to_le_bytes())
        .unwrap();
    (dylib, at)
}

#[test]
fn every_result_is_from_one_generation_and_none_goes_backwards() {
    static DONE: AtomicBool = AtomicBool::new(false);
    let seen: [AtomicU64; 4] = Default::default();
    let (mut dylib, value_at) = compile_template();
    let folder = folder();

    thread::scope(|scope| {
        for (index, seen) in seen.iter().enumerate() {
            scope.spawn(move || {
                let mut witness = Witness::default();
                while !DONE.load(Ordering::Relaxed) {
                    match index {
                        0 => call(|| (0..100).for_each(|_| witness.call_all())),
                        1 => call(|| call(|| witness.call_all())),
                        2 => witness.call_all(),
                        // Threads that come and go, and whose first call is their last.
                        _ => {
                            witness = thread::spawn(move || {
                                witness.call_all();
                                witness
                            })
                            .join()
                            .unwrap()
                        }
                    }
                    seen.store(witness.last, Ordering::Relaxed);
                }
            });
        }
        let stop = StopOnDrop(&DONE);
        for commit in 1..=COMMITS {
            dylib.bytes[value_at..value_at + 8].copy_from_slice(&commit.to_le_bytes());
            let path = folder.path().join(format!("{commit}.so"));
            dylib.seal(&path, &dylib.manifest(&PUBLISHED));
            assert_eq!(apply(&path).unwrap().generation, commit);
            assert!(
                FUNCTIONS.iter().all(|function| function() == commit),
                "live when `apply` returns"
            );
            while seen.iter().any(|seen| seen.load(Ordering::Relaxed) < commit) {
                thread::yield_now();
            }
        }
        drop(stop);
    });
    assert!(functions().iter().all(|function| function.generation == COMMITS));
}
