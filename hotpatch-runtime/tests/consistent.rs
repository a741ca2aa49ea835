//! What `consistent` holds on to: in nested calls, in the code of patches, over panics, in futures, and where it ends.

#[macro_use]
mod support;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread;

use hotpatch_abi::entry::Entry;
use hotpatch_abi::manifest::PatchId;
use hotpatch_runtime::{Origin, apply, call, consistent, functions, generation, history, rollback};

use support::{Template, alone, base, compile, folder};

hot!(outer, OUTER, 10);
hot!(inner, INNER, 20);

/// The commits to make when the code in the middle runs.
static COMMITS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// On another thread, as whoever offers patches is. Leaves the other function as it is.
fn commit(published: &'static Entry, value: u64) {
    let made = thread::spawn(move || {
        static TEMPLATE: OnceLock<Template> = OnceLock::new();
        let template =
            TEMPLATE.get_or_init(|| Template::compile("unsigned long body(void) { return value; }"));
        let (folder, dylib) = (folder(), template.with(value));
        let mut manifest = dylib.manifest(&[(published, "body")]);
        manifest.parent = head();
        let path = folder.path().join("p.so");
        dylib.seal(&path, &manifest);
        apply(path).unwrap();
    });
    made.join().unwrap();
}

/// The patch that is live.
fn head() -> Option<PatchId> {
    match history().last()?.origin {
        Origin::Patch(patch) => Some(patch),
        _ => None,
    }
}

/// Has patched code in `outer` that calls `middle`, a function of the program.
fn patch_outer(middle: extern "C" fn() -> u64) {
    let folder = folder();
    let dylib = compile(
        "unsigned long (*middle)(void) = (void *) 1; unsigned long outer(void) { return middle() + 1000; }",
    );
    let mut manifest = dylib.manifest(&[(&OUTER, "outer")]);
    manifest.fixups.push(dylib.fixup("middle", base(middle as usize)));
    let path = folder.path().join("outer.so");
    dylib.seal(&path, &manifest);
    apply(path).unwrap();
}

extern "C" fn commit_then_inner() -> u64 {
    if let Some(value) = COMMITS.lock().unwrap().pop() {
        commit(&INNER, value);
    }
    inner()
}

extern "C" fn inner_consistently() -> u64 {
    let (before, after) = consistent(|| (inner(), commit_then_inner()));
    assert_eq!(before, after);
    assert_eq!(consistent(inner), inner());
    before
}

#[test]
fn patched_code_inside_it_calls_the_same_generation() {
    let _alone = alone();
    rollback(0).ok();
    patch_outer(commit_then_inner);
    commit(&INNER, 21);
    *COMMITS.lock().unwrap() = vec![23, 22];
    assert_eq!(consistent(|| (outer(), outer(), inner())), (1021, 1021, 21));
    assert_eq!((outer(), inner()), (1023, 23));
    // Without it, the next call of the same patched code takes what is new.
    *COMMITS.lock().unwrap() = vec![24];
    assert_eq!(call(outer), 1024);
}

/// Returns from new code into the frame of old code, which is still there.
extern "C" fn commit_outer() -> u64 {
    if COMMITS.lock().unwrap().pop().is_some() {
        commit(&OUTER, 77);
        return outer();
    }
    0
}

#[test]
fn a_call_that_runs_finishes_on_the_code_that_it_began_with() {
    let _alone = alone();
    patch_outer(commit_outer);
    *COMMITS.lock().unwrap() = vec![0];
    assert_eq!(call(outer), 1077);
    assert_eq!(outer(), 77);
}

#[test]
fn patched_code_may_begin_it() {
    let _alone = alone();
    rollback(0).ok();
    patch_outer(inner_consistently);
    commit(&INNER, 31);
    *COMMITS.lock().unwrap() = vec![32];
    assert_eq!(outer(), 1031);
    assert_eq!((outer(), inner()), (1032, 32));
}

#[test]
fn it_keeps_its_generation_over_roll_backs() {
    let _alone = alone();
    commit(&INNER, 41);
    let first = generation();
    commit(&INNER, 42);
    consistent(|| {
        let number = generation();
        for to in [first, 0, number] {
            // Also on its own thread.
            rollback(to).unwrap();
            assert_eq!((inner(), generation()), (42, number));
            assert_eq!(call(|| (inner(), generation())), (42, number));
        }
        rollback(first).unwrap();
    });
    assert_eq!((inner(), generation()), (41, first + 5));
}

#[test]
fn calls_and_scopes_inside_each_other() {
    let _alone = alone();
    commit(&INNER, 51);
    call(|| {
        consistent(|| {
            commit(&INNER, 52);
            call(|| consistent(|| call(|| assert_eq!(inner(), 51))));
            assert_eq!(inner(), 51, "an inner one ends without an effect");
        });
        assert_eq!(inner(), 52);
        consistent(|| assert_eq!(inner(), 52));
    });
}

#[test]
fn a_panic_ends_the_scope_that_it_leaves_and_no_other() {
    let _alone = alone();
    commit(&INNER, 61);
    let outcome = catch_unwind(|| {
        consistent(|| {
            commit(&INNER, 62);
            let outcome = catch_unwind(|| consistent(|| call(|| panic!("expected"))));
            assert!(outcome.is_err());
            assert_eq!((inner(), call(inner)), (61, 61));
            panic!("expected");
        })
    });
    assert!(outcome.is_err());
    assert_eq!(inner(), 62);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        call(|| {
            let outcome = catch_unwind(|| consistent(|| panic!("expected")));
            assert!(outcome.is_err());
            commit(&INNER, 63);
            assert_eq!(inner(), 63);
            panic!("expected");
        })
    }));
    assert!(outcome.is_err());
    commit(&INNER, 64);
    assert_eq!(inner(), 64);
}

#[test]
fn other_threads_see_what_is_live() {
    let _alone = alone();
    commit(&INNER, 71);
    consistent(|| {
        commit(&INNER, 72);
        thread::scope(|scope| {
            assert_eq!(scope.spawn(inner).join().unwrap(), 72);
        });
        assert_eq!(inner(), 71);
    });
}

/// A future is asked many times, maybe by many threads: each poll sees what the thread sees that polls it.
#[test]
fn a_future_is_consistent_in_each_poll_and_no_longer() {
    let _alone = alone();
    commit(&INNER, 81);
    let mut polls = 0;
    let mut future = pin!(std::future::poll_fn(move |_| {
        polls += 1;
        let before = inner();
        commit(&INNER, 81 + polls);
        let after = inner();
        match polls {
            3 => Poll::Ready((before, after)),
            _ => Poll::Pending,
        }
    }));
    let mut context = Context::from_waker(Waker::noop());
    let mut poll = || future.as_mut().poll(&mut context);
    assert_eq!(consistent(&mut poll), Poll::Pending);
    assert_eq!(inner(), 82);
    assert_eq!(call(&mut poll), Poll::Pending);
    assert_eq!(consistent(&mut poll), Poll::Ready((83, 83)));
    assert_eq!(inner(), 84);
}

#[test]
fn what_is_asked_about_the_process_is_the_process() {
    let _alone = alone();
    commit(&INNER, 91);
    let since = || {
        let listed = functions();
        let function = listed.iter().find(|function| function.name == "test::inner");
        function.unwrap().generation
    };
    consistent(|| {
        let before = (generation(), since());
        commit(&INNER, 92);
        assert_eq!(generation(), before.0, "the generation that it runs on");
        assert!(since() > before.1, "what is live");
    });
}
