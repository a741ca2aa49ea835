//! Commits that wait until the calls of what they change have ended.

#[macro_use]
mod support;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hotpatch_abi::code;
use hotpatch_runtime::{
    Drain, Event, OnTimeout, apply, call, changed, consistent, drain, functions, generation, on_event,
    rollback,
};

use support::{StopOnDrop, alone, base, compile, folder, returning};

/// What `slow` does: nothing, or wait twice for the test.
static WAITS: AtomicBool = AtomicBool::new(false);
static INSIDE: Barrier = Barrier::new(2);

hot!(slow, SLOW, {
    if super::WAITS.swap(false, super::Ordering::Relaxed) {
        super::INSIDE.wait();
        super::INSIDE.wait();
    }
    super::quick() + 1
});
hot!(quick, QUICK, 0);

const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(60);

fn set(timeout: Duration, on_timeout: OnTimeout) {
    drain(Drain { timeout, on_timeout });
}

/// A thread that is inside `slow`.
fn go_inside(how: impl FnOnce() -> u64 + Send + 'static) -> JoinHandle<u64> {
    WAITS.store(true, Ordering::Relaxed);
    let thread = thread::Builder::new()
        .name("slowcoach".into())
        .spawn(how)
        .unwrap();
    INSIDE.wait();
    thread
}

fn let_out(thread: JoinHandle<u64>) -> u64 {
    INSIDE.wait();
    thread.join().unwrap()
}

#[test]
fn without_draining_a_commit_does_not_wait() {
    let (_alone, folder) = (alone(), folder());
    drain(None);
    let (path, _) = returning(folder.path(), "p.so", &[(&SLOW, 5)]);
    let thread = go_inside(|| call(slow));
    assert_eq!(apply(&path).unwrap().still_inside, []);
    assert_eq!(slow(), 5);
    assert_eq!(let_out(thread), 1);
    rollback(0).unwrap();
}

#[test]
fn a_commit_waits_until_calls_have_left() {
    for how in [|| call(slow), slow, || call(|| call(slow)), || consistent(slow)] {
        let (_alone, folder) = (alone(), folder());
        set(LONG, OnTimeout::Refuse);
        let (path, _) = returning(folder.path(), "p.so", &[(&SLOW, 5)]);
        let thread = go_inside(how);
        let before = generation();
        let applier = thread::spawn(move || apply(&path).unwrap().still_inside);
        while !is_waiting(&applier) {
            thread::yield_now();
        }
        assert_eq!((generation(), applier.is_finished()), (before, false));
        assert_eq!(let_out(thread), 1);
        assert_eq!(applier.join().unwrap(), []);
        assert_eq!(slow(), 5);
        rollback(0).unwrap();
        drain(None);
    }
}

/// Whether the applier has closed the door: a call from outside would wait.
fn is_waiting(applier: &JoinHandle<impl Sized>) -> bool {
    static ENTERED: AtomicU64 = AtomicU64::new(0);
    static LEFT: AtomicU64 = AtomicU64::new(0);
    assert!(!applier.is_finished(), "it did not wait");
    if ENTERED.load(Ordering::SeqCst) == LEFT.load(Ordering::SeqCst) {
        ENTERED.fetch_add(1, Ordering::SeqCst);
        thread::spawn(|| {
            slow();
            LEFT.fetch_add(1, Ordering::SeqCst);
        });
    }
    let started = Instant::now();
    while started.elapsed() < SHORT {
        if ENTERED.load(Ordering::SeqCst) == LEFT.load(Ordering::SeqCst) {
            return false;
        }
        thread::yield_now();
    }
    true
}

#[test]
fn who_is_still_inside_is_named_and_the_patch_is_refused() {
    let (_alone, folder) = (alone(), folder());
    set(SHORT, OnTimeout::Refuse);
    let (path, _) = returning(folder.path(), "p.so", &[(&SLOW, 5)]);
    let thread = go_inside(|| call(slow));
    let before = generation();
    let refusal = apply(&path).unwrap_err();
    assert_eq!((refusal.code(), generation()), (code::DRAIN, before));
    let message = refusal.message();
    assert!(
        message.contains("did not end within 30ms: `slowcoach` ("),
        "{message}"
    );
    assert!(message.contains(") in `test::slow`"), "{message}");
    assert_eq!(let_out(thread), 1);
    apply(&path).unwrap();
    assert_eq!(slow(), 5);

    // What goes back is waited for as well.
    let (path, _) = returning(folder.path(), "q.so", &[(&QUICK, 7)]);
    apply(&path).unwrap();
    let thread = go_inside(|| call(slow));
    let refusal = rollback(generation() - 1).unwrap_err();
    assert_eq!(refusal.code(), code::DRAIN);
    assert_eq!(let_out(thread), 8);
    rollback(0).unwrap();
    drain(None);
}

#[test]
fn it_may_proceed_and_tells_who_was_inside() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let (_alone, folder) = (alone(), folder());
    set(SHORT, OnTimeout::Proceed);
    on_event(|event| {
        if let Event::Applied(applied) = event {
            let mut told = TOLD.lock().unwrap();
            *told = applied.still_inside.iter().map(ToString::to_string).collect();
        }
    });
    let (path, _) = returning(folder.path(), "p.so", &[(&SLOW, 5)]);
    let thread = go_inside(|| consistent(slow));
    let inside = apply(&path).unwrap().still_inside;
    assert_eq!(inside[0].functions, ["hotpatch::consistent", "test::slow"]);
    assert_eq!(
        inside[0].thread.as_ref().unwrap().name.as_deref(),
        Some("slowcoach")
    );
    assert_eq!(*TOLD.lock().unwrap(), [inside[0].to_string()]);
    assert_eq!(slow(), 5);
    assert_eq!(let_out(thread), 1);
    rollback(0).unwrap();
    drain(None);
}

#[test]
fn only_the_functions_that_change_are_waited_for() {
    let (_alone, folder) = (alone(), folder());
    set(SHORT, OnTimeout::Refuse);
    let (path, _) = returning(folder.path(), "p.so", &[(&QUICK, 7)]);
    let thread = go_inside(|| call(slow));
    apply(&path).unwrap();
    assert_eq!(
        let_out(thread),
        8,
        "the call goes on with new code of what it had not called yet"
    );
    rollback(0).unwrap();
    drain(None);
}

#[test]
fn a_call_that_began_before_draining_was_turned_on_is_waited_for() {
    let (_alone, folder) = (alone(), folder());
    drain(None);
    let (path, _) = returning(folder.path(), "p.so", &[(&SLOW, 5)]);
    let thread = go_inside(|| call(slow));
    set(SHORT, OnTimeout::Refuse);
    let refusal = apply(&path).unwrap_err();
    let expected = "`slowcoach` (";
    assert!(refusal.message().contains(expected), "{refusal}");
    assert!(refusal.message().contains("began before draining"), "{refusal}");
    assert_eq!(let_out(thread), 1);
    apply(&path).unwrap();
    rollback(0).unwrap();
    drain(None);
}

#[test]
fn a_thread_that_applies_a_patch_inside_a_function_is_not_waited_for() {
    let (_alone, folder) = (alone(), folder());
    set(LONG, OnTimeout::Refuse);
    let (path, _) = returning(folder.path(), "p.so", &[(&QUICK, 7)]);
    consistent(|| assert_eq!(apply(&path).unwrap().still_inside, []));
    assert_eq!(quick(), 7);
    rollback(0).unwrap();
    drain(None);
}

/// How many calls are inside the code of each of two patches.
static CALLS: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

extern "C" fn inside_code_of(patch: u64) -> u64 {
    let calls = &CALLS[patch as usize];
    calls.fetch_add(1, Ordering::SeqCst);
    thread::yield_now();
    calls.fetch_sub(1, Ordering::SeqCst);
    patch
}

#[test]
fn no_call_runs_old_code_once_a_drained_commit_is_done() {
    const COMMITS: usize = 100;
    static CALLED: AtomicU64 = AtomicU64::new(0);
    static DONE: AtomicBool = AtomicBool::new(false);
    let (_alone, folder) = (alone(), folder());
    set(LONG, OnTimeout::Refuse);
    let patches = [0, 1].map(|patch| {
        let dylib = compile(&format!(
            "unsigned long (*cell)(unsigned long); unsigned long f(void) {{ return cell({patch}) + 0; }}"
        ));
        let mut manifest = dylib.manifest(&[(&QUICK, "f")]);
        let target = base(inside_code_of as extern "C" fn(u64) -> u64 as usize);
        manifest.fixups.push(dylib.fixup("cell", target));
        let path = folder.path().join(format!("{patch}.so"));
        dylib.seal(&path, &manifest);
        path
    });
    apply(&patches[1]).unwrap();
    thread::scope(|scope| {
        let _stop = StopOnDrop(&DONE);
        for index in 0..3 {
            scope.spawn(move || {
                while !DONE.load(Ordering::Relaxed) {
                    match index {
                        0 => call(|| (0..50).for_each(|_| assert!(quick() < 2))),
                        1 => drop(quick()),
                        _ => consistent(|| assert_eq!(quick(), quick())),
                    }
                    CALLED.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for commit in 0..COMMITS {
            let new = commit % 2;
            apply(&patches[new]).unwrap();
            assert_eq!(CALLS[1 - new].load(Ordering::SeqCst), 0, "commit {commit}");
            assert_eq!(call(quick), new as u64);
            let called = CALLED.load(Ordering::Relaxed);
            while CALLED.load(Ordering::Relaxed) < called + 5 {
                thread::yield_now();
            }
        }
    });
    rollback(0).unwrap();
    drain(None);
}

#[test]
fn a_thread_with_any_name_is_waited_for() {
    let (_alone, folder) = (alone(), folder());
    set(SHORT, OnTimeout::Refuse);
    let (path, _) = returning(folder.path(), "p.so", &[(&SLOW, 5)]);
    WAITS.store(true, Ordering::Relaxed);
    // The kernel cuts it off inside of a letter.
    let name = "fourteen bytesüü".to_owned();
    let thread = thread::Builder::new().name(name).spawn(slow).unwrap();
    INSIDE.wait();
    let refusal = apply(&path).unwrap_err();
    assert!(refusal.message().contains("`fourteen bytes"), "{refusal}");
    assert_eq!(let_out(thread), 1);
    drain(None);
}

#[test]
fn whoever_is_woken_by_a_commit_may_call_what_it_changed() {
    static SEEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    struct Calls;
    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            SEEN.lock().unwrap().extend([quick(), functions().len() as u64]);
        }
    }
    let (_alone, folder) = (alone(), folder());
    set(LONG, OnTimeout::Refuse);
    let (path, _) = returning(folder.path(), "p.so", &[(&QUICK, 7)]);
    let mut next = changed();
    let waker = Waker::from(Arc::new(Calls));
    assert!(
        Pin::new(&mut next)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    apply(&path).unwrap();
    assert_eq!(*SEEN.lock().unwrap(), [7, functions().len() as u64]);
    rollback(0).unwrap();
    drain(None);
}

hot!(turns, TURNS, (0..3).map(|_| super::quick()).sum());

#[test]
fn a_thread_that_waits_at_one_door_does_not_block_the_next() {
    static DONE: AtomicBool = AtomicBool::new(false);
    let (_alone, folder) = (alone(), folder());
    set(LONG, OnTimeout::Refuse);
    let patches = [
        returning(folder.path(), "1.so", &[(&QUICK, 0)]).0,
        returning(folder.path(), "2.so", &[(&TURNS, 0)]).0,
    ];
    thread::scope(|scope| {
        let _stop = StopOnDrop(&DONE);
        // Inside `turns` they come to `quick` again and again, while both are switched in turns.
        for _ in 0..2 {
            scope.spawn(|| {
                while !DONE.load(Ordering::Relaxed) {
                    call(turns);
                }
            });
        }
        for round in 0..200 {
            apply(&patches[round % 2]).unwrap();
            rollback(0).unwrap();
        }
    });
    drain(None);
}

/// What a child does, as its exit code.
fn in_child(run: impl FnOnce() -> Result<(), String>) -> i32 {
    // SAFETY: the child uses what it has for itself, and ends without coming back here.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let code = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(())) => 0,
            Ok(Err(error)) => {
                eprintln!("{error}");
                1
            }
            Err(_) => 2,
        };
        // SAFETY: the process ends.
        unsafe { libc::_exit(code) };
    }
    let mut status = -1;
    // SAFETY: the child is ours.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}

#[test]
fn in_a_forked_child_its_own_thread_is_waited_for_and_no_other() {
    static BEGUN: Mutex<()> = Mutex::new(());
    let (_alone, folder) = (alone(), folder());
    set(SHORT, OnTimeout::Refuse);
    let (path, _) = returning(folder.path(), "p.so", &[(&SLOW, 5)]);
    let other = go_inside(|| call(slow));
    call(quick);
    let status = in_child(|| {
        apply(&path).map_err(|refusal| refusal.to_string())?;
        rollback(0).map_err(|refusal| refusal.to_string())?;
        let not_yet = BEGUN.lock().unwrap();
        let applier = thread::spawn({
            let path = path.clone();
            move || {
                drop(BEGUN.lock().unwrap());
                apply(&path).map(|_| ()).map_err(|refusal| refusal.to_string())
            }
        });
        let outcome = consistent(|| {
            drop(not_yet);
            applier.join().unwrap()
        });
        match outcome {
            Err(refusal) if refusal.contains("hotpatch::consistent") => Ok(()),
            other => Err(format!("not refused: {other:?}")),
        }
    });
    assert_eq!(status, 0);
    assert_eq!(let_out(other), 1);
    drain(None);
}
