//! Going back to earlier generations, and staying on one.

#[macro_use]
mod support;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use hotpatch_abi::code;
use hotpatch_abi::entry::Entry;
use hotpatch_abi::manifest::PatchId;
use hotpatch_runtime::{
    Event, Origin, apply, call, consistent, functions, generation, history, keep_generations, on_event,
    rollback, step_back,
};

use support::{Dylib, alone, compile, folder, returning, returning_parts};

hot!(one, ONE, 10);
hot!(two, TWO, 20);

fn both() -> (u64, u64) {
    call(|| (one(), two()))
}

/// A patch that leaves the other functions as they are.
fn after(parent: PatchId, folder: &Path, name: &str, published: &[(&'static Entry, u64)]) -> PatchId {
    let (dylib, mut manifest) = returning_parts(published);
    manifest.parent = Some(parent);
    let path = folder.join(name);
    let id = dylib.seal(&path, &manifest);
    apply(path).unwrap();
    id
}

#[test]
fn all_functions_go_back_at_once_and_forward_again() {
    let (_alone, folder) = (alone(), folder());
    let (path, first) = returning(folder.path(), "1.so", &[(&ONE, 11)]);
    let one_at = apply(path).unwrap().generation;
    let second = after(first, folder.path(), "2.so", &[(&ONE, 12), (&TWO, 22)]);
    assert_eq!(both(), (12, 22));

    let back = rollback(one_at).unwrap();
    assert_eq!(both(), (11, 20));
    assert_eq!((back.to, back.generation), (one_at, one_at + 2));
    assert_eq!(back.functions, ["test::one", "test::two"]);
    assert_eq!(generation(), one_at + 2);

    let forward = rollback(one_at + 1).unwrap();
    assert_eq!(both(), (12, 22));
    assert_eq!(forward.generation, one_at + 3);

    let built = rollback(0).unwrap();
    assert_eq!((both(), built.to), ((10, 20), 0));
    assert!(
        functions()
            .iter()
            .all(|function| function.generation == 0 && !function.image.ends_with("1.so"))
    );

    let origins: Vec<_> = history().iter().map(|generation| generation.origin).collect();
    assert_eq!(origins[0], Origin::Built);
    assert!(
        origins.ends_with(&[
            Origin::Patch(first),
            Origin::Patch(second),
            Origin::RollBack(one_at),
            Origin::RollBack(one_at + 1),
            Origin::RollBack(0)
        ]),
        "{origins:?}"
    );
    assert_eq!(history().last().unwrap().number, generation());
}

#[test]
fn patches_fit_what_is_live_after_a_roll_back() {
    let (_alone, folder) = (alone(), folder());
    let (path, first) = returning(folder.path(), "1.so", &[(&ONE, 31)]);
    let first_at = apply(path).unwrap().generation;
    let second = after(first, folder.path(), "2.so", &[(&TWO, 32)]);
    rollback(first_at).unwrap();
    let (dylib, mut manifest) = returning_parts(&[(&ONE, 33)]);
    manifest.parent = Some(second);
    let path = folder.path().join("3.so");
    dylib.seal(&path, &manifest);
    assert_eq!(apply(&path).unwrap_err().code(), code::PARENT);
    after(first, folder.path(), "4.so", &[(&TWO, 34)]);
    assert_eq!(both(), (31, 34));
}

#[test]
fn what_is_not_kept_is_refused_and_named() {
    let (_alone, folder) = (alone(), folder());
    let refusal = rollback(1 << 40).unwrap_err();
    assert_eq!(refusal.code(), code::GENERATION);
    assert!(
        refusal.message().contains("generation 1099511627776 is not kept"),
        "{refusal}"
    );
    keep_generations(NonZeroUsize::new(3).unwrap());
    let (path, _) = returning(folder.path(), "1.so", &[(&ONE, 41)]);
    for _ in 0..8 {
        apply(&path).unwrap();
    }
    let numbers: Vec<_> = history().iter().map(|generation| generation.number).collect();
    let live = generation();
    assert_eq!(numbers, [0, live - 3, live - 2, live - 1, live]);
    assert_eq!(rollback(live - 4).unwrap_err().code(), code::GENERATION);
    rollback(live - 3).unwrap();
    keep_generations(NonZeroUsize::new(64).unwrap());
}

#[test]
fn a_roll_back_is_an_event_and_not_possible_inside_one() {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    static BUSY: AtomicBool = AtomicBool::new(false);
    let (_alone, folder) = (alone(), folder());
    let (path, _) = returning(folder.path(), "1.so", &[(&ONE, 51)]);
    let at = apply(path).unwrap().generation;
    on_event(|event| {
        if let Event::RolledBack(rolled_back) = event {
            SEEN.store(rolled_back.generation, Ordering::Relaxed);
            BUSY.store(rollback(0).unwrap_err().code() == code::BUSY, Ordering::Relaxed);
        }
    });
    let generation = rollback(at).unwrap().generation;
    assert_eq!(SEEN.load(Ordering::Relaxed), generation);
    assert!(BUSY.load(Ordering::Relaxed));
}

#[test]
fn a_callback_may_say_no() {
    static NO: AtomicBool = AtomicBool::new(false);
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let (_alone, folder) = (alone(), folder());
    let (path, id) = returning(folder.path(), "1.so", &[(&ONE, 81)]);
    let before = (generation(), both());
    on_event(|event| {
        let what = match event {
            Event::Preparing(preparing) => {
                if NO.load(Ordering::Relaxed) {
                    preparing.veto("a match is being played");
                    preparing.veto("not the first reason");
                }
                format!("preparing {} {:?}", preparing.generation, preparing.functions)
            }
            Event::Applied(applied) => format!("applied {}", applied.generation),
            Event::RolledBack(back) => format!("rolled back to {}", back.to),
            Event::Refused(refusal) => format!("refused {}", refusal.code()),
            _ => unreachable!(),
        };
        SEEN.lock().unwrap().push(what);
    });
    let seen = || std::mem::take(&mut *SEEN.lock().unwrap());
    NO.store(true, Ordering::Relaxed);
    let refusal = apply(&path).unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.message()),
        (code::VETO, "the program said no: a match is being played")
    );
    assert_eq!((generation(), both()), before);
    let next = before.0 + 1;
    assert_eq!(
        seen(),
        [
            format!(r#"preparing {next} ["test::one"]"#),
            "refused HP0607".into()
        ]
    );
    NO.store(false, Ordering::Relaxed);
    let applied = apply(&path).unwrap();
    assert_eq!((applied.patch, applied.generation, one()), (id, next, 81));
    assert_eq!(
        seen(),
        [
            format!(r#"preparing {next} ["test::one"]"#),
            format!("applied {next}")
        ]
    );
    NO.store(true, Ordering::Relaxed);
    assert_eq!(rollback(0).unwrap_err().code(), code::VETO);
    assert_eq!(one(), 81);
    seen();
    NO.store(false, Ordering::Relaxed);
    rollback(0).unwrap();
    assert_eq!(seen()[1], "rolled back to 0");
    // A patch that fits no process is not prepared.
    apply(folder.path().join("none")).unwrap_err();
    assert_eq!(seen().len(), 1);
}

#[test]
fn a_consistent_scope_stays_on_its_generation() {
    let (_alone, folder) = (alone(), folder());
    let apply_on_another_thread = |value| {
        let path = returning(
            folder.path(),
            &format!("{value}.so"),
            &[(&ONE, value), (&TWO, value)],
        )
        .0;
        thread::scope(|scope| scope.spawn(|| apply(path).unwrap()).join().unwrap());
    };
    apply_on_another_thread(61);
    let before = generation();
    let nested = || consistent(both);
    consistent(|| {
        apply_on_another_thread(62);
        assert_eq!((both(), nested(), generation()), ((61, 61), (61, 61), before));
        assert_eq!(call(one), 61);
    });
    assert_eq!((both(), generation()), ((62, 62), before + 1));
    // Inside a call that began earlier it starts with what is live, and the call goes on with what is live then.
    call(|| {
        apply_on_another_thread(63);
        consistent(|| {
            apply_on_another_thread(64);
            assert_eq!(both(), (63, 63));
        });
        assert_eq!(both(), (64, 64));
    });
}

#[test]
fn a_panic_ends_a_consistent_scope() {
    let (_alone, folder) = (alone(), folder());
    let outcome = std::panic::catch_unwind(|| consistent(|| panic!("expected")));
    assert!(outcome.is_err());
    apply(returning(folder.path(), "1.so", &[(&ONE, 71)]).0).unwrap();
    assert_eq!(one(), 71);
}

const VALUE: u64 = 0xfeed_face_cafe_f00d;

/// Generations `n` of this test return `n` from both functions; roll-backs go to generations seen before.
#[test]
fn no_thread_sees_a_mixed_generation() {
    static DONE: AtomicBool = AtomicBool::new(false);
    static ROUNDS: AtomicU64 = AtomicU64::new(0);
    let (_alone, folder) = (alone(), folder());
    let source = format!(
        "static const volatile unsigned long value = {VALUE}UL;
         unsigned long one(void) {{ return value; }} unsigned long two(void) {{ return value; }}"
    );
    let dylib = compile(&source);
    let at = dylib
        .bytes
        .windows(8)
        .position(|bytes| bytes == VALUE.to_le_bytes())
        .unwrap();
    let path_of = |number: u64| {
        let mut bytes = dylib.bytes.clone();
        bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        let symbols = dylib.symbols.clone();
        let dylib = Dylib { bytes, symbols };
        let path = folder.path().join(format!("{number}.so"));
        dylib.seal(&path, &dylib.manifest(&[(&ONE, "one"), (&TWO, "two")]));
        path
    };
    apply(path_of(1000)).unwrap();
    thread::scope(|scope| {
        let threads = [(); 3].map(|()| {
            scope.spawn(|| {
                while !DONE.load(Ordering::Relaxed) {
                    consistent(|| {
                        let (first, number) = (one(), generation());
                        for _ in 0..50 {
                            assert_eq!((one(), two(), generation()), (first, first, number));
                        }
                    });
                    ROUNDS.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        for commit in 1..=60 {
            apply(path_of(1000 + commit)).unwrap();
            if commit % 3 == 0 {
                let to = generation() - 2;
                rollback(to).unwrap();
            }
            let rounds = ROUNDS.load(Ordering::Relaxed);
            while ROUNDS.load(Ordering::Relaxed) < rounds + 3
                && !threads.iter().all(|thread| thread.is_finished())
            {
                thread::yield_now();
            }
        }
        DONE.store(true, Ordering::Relaxed);
    });
}

#[test]
fn going_to_and_fro_never_ends_the_way() {
    let (_alone, folder) = (alone(), folder());
    keep_generations(NonZeroUsize::new(3).unwrap());
    let (path, first) = returning(folder.path(), "1.so", &[(&ONE, 61)]);
    apply(path).unwrap();
    after(first, folder.path(), "2.so", &[(&ONE, 62)]);
    let second = generation();
    for _ in 0..10 {
        step_back().unwrap();
        assert_eq!(one(), 61);
        // It is long forgotten, but not what went to it.
        rollback(second).unwrap();
        assert_eq!(one(), 62);
    }
    rollback(0).unwrap();
    keep_generations(NonZeroUsize::new(64).unwrap());
}
