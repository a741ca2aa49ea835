//! A program whose allocator calls hot functions: the first of them run before everything else, and inside the
//! allocations by which a thread becomes able to run hot functions at all.

#[macro_use]
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use hotpatch_runtime::{Drain, OnTimeout, apply, call, drain, generation};

use support::{alone, folder, returning};

hot!(one, ONE, 10);

/// The sum of what the hot function has returned to the allocator.
static SUM: AtomicU64 = AtomicU64::new(0);

struct Hot;

#[global_allocator]
static HOT: Hot = Hot;

// SAFETY: passes everything on to the allocator of the system.
unsafe impl GlobalAlloc for Hot {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        SUM.fetch_add(one(), Ordering::Relaxed);
        // SAFETY: promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        SUM.fetch_add(one(), Ordering::Relaxed);
        // SAFETY: promised by the caller.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[test]
fn an_allocator_that_calls_hot_functions_neither_recurses_nor_hangs() {
    let (_alone, folder) = (alone(), folder());
    let work = || {
        for _ in 0..200 {
            // A new thread takes part for the first time inside its own first allocation, or inside a call.
            let threads = [thread::spawn(one), thread::spawn(|| call(|| vec![one()][0]))];
            for thread in threads {
                let result = thread.join().unwrap();
                assert!((10..50).contains(&result), "{result}");
            }
        }
    };
    let apply_while_they_work = |values: Range<u64>| {
        let workers = [thread::spawn(work), thread::spawn(work)];
        for value in values {
            apply(returning(folder.path(), &format!("{value}.so"), &[(&ONE, value)]).0).unwrap();
        }
        for worker in workers {
            worker.join().unwrap();
        }
    };
    apply_while_they_work(11..31);
    assert_eq!((one(), generation()), (30, 20));
    // Every call of the allocator is tracked, and waits at the door.
    drain(Drain {
        timeout: Duration::from_secs(100),
        on_timeout: OnTimeout::Refuse,
    });
    apply_while_they_work(31..41);
    drain(None);
    assert_eq!((one(), generation()), (40, 30));
    assert!(SUM.load(Ordering::Relaxed) > 1000);
}
