//! What callbacks are promised: the order of events, one commit at a time, and what a callback may do.

#[macro_use]
mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use hotpatch_abi::code;
use hotpatch_runtime::{Event, Origin, apply, generation, on_event, rollback};

use support::{Template, alone, folder};

hot!(one, ONE, 10);

/// Patches that return their number.
fn patches(folder: &std::path::Path, count: u64) -> Vec<PathBuf> {
    let template = Template::compile("unsigned long body(void) { return value; }");
    let write = |value| {
        let dylib = template.with(value);
        let path = folder.join(format!("{value}.so"));
        dylib.seal(&path, &dylib.manifest(&[(&ONE, "body")]));
        path
    };
    (100..100 + count).map(write).collect()
}

/// Eight threads apply and roll back; every third is vetoed, one callback panics, and one tries to do the same.
#[test]
fn each_commit_has_its_events_once_and_in_order_whoever_makes_it() {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 25;
    static LISTENING: AtomicBool = AtomicBool::new(true);
    static SEEN: Mutex<Vec<Event>> = Mutex::new(Vec::new());
    static BUSY: AtomicU64 = AtomicU64::new(0);
    static VETOED: AtomicU64 = AtomicU64::new(0);
    let (_alone, folder) = (alone(), folder());
    let patches = patches(folder.path(), THREADS);
    let path = patches[0].clone();
    let is_on = || LISTENING.load(Ordering::Relaxed);
    on_event(move |event| {
        if is_on() {
            SEEN.lock().unwrap().push(event.clone());
        }
    });
    on_event(move |event| {
        if let Event::Preparing(preparing) = event
            && is_on()
            && preparing.generation.is_multiple_of(3)
            && !VETOED.fetch_add(1, Ordering::Relaxed).is_multiple_of(2)
        {
            preparing.veto("not this one");
        }
    });
    on_event(move |event| {
        if is_on() && matches!(event, Event::Applied(_)) {
            let refusals = [apply(&path).unwrap_err(), rollback(0).unwrap_err()];
            assert!(refusals.iter().all(|refusal| refusal.code() == code::BUSY));
            BUSY.fetch_add(1, Ordering::Relaxed);
            std::panic::resume_unwind(Box::new("contained, and not printed"));
        }
    });

    let first = generation();
    let start = Barrier::new(patches.len());
    thread::scope(|scope| {
        for (index, path) in patches.iter().enumerate() {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for round in 0..ROUNDS {
                    let outcome = match (index as u64 + round) % 2 {
                        0 => apply(path).map(|applied| applied.generation),
                        _ => rollback(0).map(|back| back.generation),
                    };
                    match outcome {
                        Ok(made) => assert!(made > first),
                        Err(refusal) => assert_eq!(refusal.code(), code::VETO),
                    }
                }
            });
        }
    });
    LISTENING.store(false, Ordering::Relaxed);

    let seen = SEEN.lock().unwrap();
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut next = first + 1;
    assert_eq!(seen.len() as u64, 2 * THREADS * ROUNDS);
    for pair in seen.chunks(2) {
        let Event::Preparing(preparing) = &pair[0] else {
            panic!("{:?}", pair[0])
        };
        assert_eq!(preparing.generation, next, "one at a time");
        let outcome = match (&pair[1], preparing.origin) {
            (Event::Applied(applied), Origin::Patch(patch)) => {
                assert_eq!((applied.patch, applied.generation), (patch, next));
                next += 1;
                "applied"
            }
            (Event::RolledBack(back), Origin::RollBack(to)) => {
                assert_eq!((back.to, back.generation), (to, next));
                next += 1;
                "rolled back"
            }
            (Event::Refused(refusal), _) => {
                assert_eq!(refusal.code(), code::VETO);
                "refused"
            }
            other => panic!("{other:?}"),
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    assert_eq!(generation(), next - 1, "every generation had its events");
    assert!(outcomes.len() == 3, "{outcomes:?}");
    assert_eq!(outcomes["applied"], BUSY.load(Ordering::Relaxed));
}

/// It hears of what comes after it was added, and of nothing before; adding it does not wait for the commit.
#[test]
fn a_callback_that_is_added_during_a_commit_hears_of_what_follows() {
    static ADDED: AtomicBool = AtomicBool::new(false);
    static HEARD: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    let (_alone, folder) = (alone(), folder());
    let patches = patches(folder.path(), 1);
    on_event(|event| {
        if matches!(event, Event::Preparing(_)) && !ADDED.swap(true, Ordering::Relaxed) {
            let add = || {
                on_event(|event| {
                    HEARD.lock().unwrap().push(match event {
                        Event::Preparing(_) => "preparing",
                        Event::Applied(_) => "applied",
                        Event::RolledBack(_) => "rolled back",
                        _ => "other",
                    });
                });
            };
            // On the thread of the commit, and on another one, which the commit waits for.
            add();
            thread::spawn(add).join().unwrap();
        }
    });
    apply(&patches[0]).unwrap();
    rollback(0).unwrap();
    let twice = ["applied", "preparing", "rolled back"]
        .map(|event| [event; 2])
        .concat();
    assert_eq!((HEARD.lock().unwrap().clone(), one()), (twice, 10));
}
