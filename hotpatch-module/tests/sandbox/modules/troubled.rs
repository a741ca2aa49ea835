//! A module that goes wrong in every way that safe Rust has.
#![forbid(unsafe_code)]

#[path = "contract.rs"]
mod contract;

use std::hint::black_box;
use std::sync::Mutex;

use contract::Troubled;

#[derive(Default)]
struct Everything {
    calls: Mutex<u32>,
}

impl Troubled for Everything {
    fn count(&self) -> u32 {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        *calls
    }

    fn panic(&self, text: &str) {
        // It holds the lock, which nobody gives back.
        let _calls = self.calls.lock().unwrap();
        panic!("{text}");
    }

    fn spin(&self) {
        while black_box(true) {}
    }

    fn hoard(&self) -> u64 {
        let mut all = Vec::new();
        while black_box(true) {
            all.push(vec![1u8; 1 << 20]);
        }
        all.len() as u64
    }

    fn dive(&self, depth: u64) -> u64 {
        match black_box(depth) {
            0 => 0,
            depth => black_box(self.dive(depth - 1)) + 1,
        }
    }
}

hotpatch_module::export_module! {
    name: "troubled",
    version: "1.0.0",
    contract: Troubled => Everything,
}
