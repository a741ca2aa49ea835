//! Many threads call while modules change.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use hotpatch_module::{Function, ModuleHost};

use crate::build::module;
use crate::support::{call, host, settle, telling_host};

const CALLERS: usize = 8;
const CHANGES: u64 = 150;

/// Lets the callers end also when the test fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `look` on eight threads until `change` has been called with all numbers from 2 on. Gives back how often.
fn while_changing(look: impl Fn(usize) + Sync, mut change: impl FnMut(u64)) -> u64 {
    let (is_over, looks, ready) = (
        AtomicBool::new(false),
        AtomicU64::new(0),
        Barrier::new(CALLERS + 1),
    );
    thread::scope(|scope| {
        for number in 0..CALLERS {
            let (is_over, looks, ready, look) = (&is_over, &looks, &ready, &look);
            scope.spawn(move || {
                ready.wait();
                while !is_over.load(Ordering::Relaxed) {
                    look(number);
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let _stop = StopOnDrop(&is_over);
        ready.wait();
        (2..CHANGES).for_each(&mut change);
    });
    looks.into_inner()
}

/// A module whose functions `left` and `right` give the same number back, and which fills its memory with other numbers
/// when it leaves.
fn twins(name: &str, number: u64) -> std::path::PathBuf {
    let give = "volatile uint64_t *at = &number; *(uint64_t *)output = *at; return 0;";
    module(name, [1, 0, 0])
        .globals(&format!("static uint64_t number = {number};"))
        .function("left", give)
        .function("right", give)
        .on_load(&format!("number = {number}; return 0;"))
        .on_unload("number = 12345;")
        .build()
}

fn both(host: &ModuleHost, [left, right]: [&str; 2]) -> [Function; 2] {
    [host.function(left).unwrap(), host.function(right).unwrap()]
}

#[test]
fn eight_threads_call_while_a_module_is_reloaded() {
    let host = host();
    let files = [twins("busy", 0), twins("busy", 1)];
    host.load(&files[0]).unwrap();
    let [left, right] = both(&host, ["busy.left", "busy.right"]);
    let calls = while_changing(
        |caller| {
            // Outside of any scope, inside of `hotpatch::call`, and in a consistent one.
            let pair = || [call(&left, 0).unwrap(), call(&right, 0).unwrap()];
            let [one, other] = match caller % 4 {
                0 | 1 => pair(),
                2 => hotpatch_runtime::call(pair),
                _ => {
                    let [one, other] = host.consistent(pair);
                    assert_eq!(one, other, "a mixture of versions");
                    [one, other]
                }
            };
            assert!(one < 2 && other < 2, "{one} and {other}: a call of what has left");
        },
        |number| {
            host.reload(&files[number as usize % 2]).unwrap();
        },
    );
    assert!(calls > 100, "{calls}");
    settle(&host);
}

#[test]
fn two_modules_of_one_change_are_never_seen_mixed() {
    let host = host();
    let files = [0, 1].map(|number| [twins("first", number), twins("second", number)]);
    host.change()
        .load(&files[0][0])
        .load(&files[0][1])
        .commit()
        .unwrap();
    let [left, right] = both(&host, ["first.left", "second.right"]);
    while_changing(
        |_| {
            let [one, other, again] = host.consistent(|| {
                thread::yield_now();
                // A nested one is the same.
                let again = host.consistent(|| call(&left, 0).unwrap());
                [call(&left, 0).unwrap(), call(&right, 0).unwrap(), again]
            });
            assert_eq!([one, one], [other, again]);
        },
        |number| {
            let [first, second] = &files[number as usize % 2];
            host.change().reload(first).reload(second).commit().unwrap();
        },
    );
}

#[test]
fn a_consistent_scope_stays_with_what_has_left() {
    let host = host();
    host.load(twins("stays", 1)).unwrap();
    let [left, _] = both(&host, ["stays.left", "stays.right"]);
    host.keep(0);
    host.consistent(|| {
        thread::scope(|scope| scope.spawn(|| host.unload("stays").unwrap()).join().unwrap());
        assert_eq!(call(&left, 0), Ok(1));
        // A handle that is made now is of the same state.
        assert_eq!(call(&host.function("stays.right").unwrap(), 0), Ok(1));
        assert!(call(&host.function("stays.none").unwrap(), 0).is_err());
        // Only this thread stays.
        thread::scope(|scope| scope.spawn(|| call(&left, 0).unwrap_err()).join().unwrap());
    });
    assert!(call(&left, 0).is_err());
    settle(&host);
}

#[test]
fn reloaders_take_turns() {
    let (host, told) = telling_host();
    const RELOADERS: u64 = 4;
    const EACH: u64 = 25;
    static IS_INSIDE: AtomicBool = AtomicBool::new(false);
    let build = |minor: u32| {
        module("turns", [1, minor, 0])
            .giving("number", u64::from(minor))
            .telling()
            .build()
    };
    host.load(build(1)).unwrap();
    host.keep(1);
    told.take();
    told.answer(|_| {
        assert!(!IS_INSIDE.swap(true, Ordering::SeqCst), "two hooks at a time");
        thread::yield_now();
        IS_INSIDE.store(false, Ordering::SeqCst);
        0
    });
    thread::scope(|scope| {
        for reloader in 0..RELOADERS {
            let (host, build) = (&host, &build);
            scope.spawn(move || {
                for _ in 0..EACH {
                    host.reload(build(2 + reloader as u32)).unwrap();
                }
            });
        }
    });
    settle(&host);
    assert_eq!(host.generation(), 1 + RELOADERS * EACH);
    let lines = told.take();
    // Each replaced the one before.
    let mut live = 101;
    let reloads = lines.iter().filter_map(|line| line.split_once(" on_reload "));
    for (module, old) in reloads.clone() {
        assert_eq!(old.parse(), Ok(live));
        live = 100 + module.rsplit_once('.').unwrap().1.parse::<u64>().unwrap();
    }
    assert_eq!(reloads.count() as u64, RELOADERS * EACH);
    let unloads = lines.iter().filter(|line| line.ends_with("on_unload"));
    assert_eq!(unloads.count() as u64, RELOADERS * EACH);
    assert_eq!(call(&host.function("turns.number").unwrap(), 0), Ok(live - 100));
    told.answer(|_| 0);
}
