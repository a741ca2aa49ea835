//! Cycles of a module that is replaced while another thread calls it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hotpatch_module::abi::ModuleVersion;
use hotpatch_module::{Function, ModuleHost};

use crate::build::module;

fn number(function: &Function) -> u64 {
    let mut output = 0_u64;
    // SAFETY: the function takes nothing, and gives eight bytes.
    unsafe { function.call(std::ptr::null(), (&raw mut output).cast()) }.unwrap();
    output
}

/// Reloads a module as often as `cycles` says, and tells `after` what each took, when all that has left is gone.
pub(crate) fn run(cycles: u64, mut after: impl FnMut(u64, Duration)) {
    let host = ModuleHost::new(ModuleVersion::new(1, 0, 0));
    let files: [PathBuf; 2] = [0, 1].map(|number| {
        module("soaked", [1, number as u32, 0])
            .globals("static char memory[1 << 16];")
            .function(
                "number",
                &format!("memory[5] = 1; *(uint64_t *)output = {number}; return 0;"),
            )
            .on_load("memory[9] = 1; return 0;")
            .on_unload("memory[9] = 2;")
            .build()
    });
    host.load(&files[0]).unwrap();
    let function = host.function("soaked.number").unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                assert!(number(&function) < 2);
            }
        });
        for cycle in 1..=cycles {
            let started = Instant::now();
            host.reload(&files[cycle as usize % 2]).unwrap();
            let elapsed = started.elapsed();
            assert_eq!(number(&function), cycle % 2);
            if cycle % 50 == 0 {
                assert!(host.settle(Duration::from_secs(60)).unwrap());
            }
            after(cycle, elapsed);
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
