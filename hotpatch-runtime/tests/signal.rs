//! A signal handler that calls a hot function, whatever its thread is doing.

#[macro_use]
mod support;

use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use hotpatch_runtime::{Drain, OnTimeout, apply, call, drain};

use support::{alone, folder, returning};

hot!(one, ONE, 10);

/// The last result in a handler.
static SEEN: AtomicU64 = AtomicU64::new(0);
static STOP: AtomicBool = AtomicBool::new(false);

extern "C" fn handle(_: libc::c_int) {
    let result = one();
    assert!(result >= SEEN.load(Ordering::Relaxed), "goes backwards");
    SEEN.store(result, Ordering::Relaxed);
}

#[test]
fn a_signal_in_the_middle_of_a_scope_that_opens_or_closes_is_handled() {
    let (_alone, folder) = (alone(), folder());
    // SAFETY: the handler touches atomics and calls a hot function, whose thread has called one before.
    unsafe {
        libc::signal(
            libc::SIGUSR1,
            handle as extern "C" fn(libc::c_int) as libc::sighandler_t,
        )
    };
    let ready = std::sync::Arc::new(std::sync::Barrier::new(2));
    let begun = ready.clone();
    let worker = thread::spawn(move || {
        one();
        begun.wait();
        while !STOP.load(Ordering::Relaxed) {
            call(|| ());
        }
    });
    ready.wait();
    for round in 0..20 {
        // Signals come also while a function is tracked, and at the door.
        if round == 10 {
            drain(Drain {
                timeout: Duration::from_secs(100),
                on_timeout: OnTimeout::Refuse,
            });
        }
        apply(returning(folder.path(), &format!("{round}.so"), &[(&ONE, 11 + round)]).0).unwrap();
        for _ in 0..5000 {
            // SAFETY: the thread runs until it is told to stop.
            unsafe { libc::pthread_kill(worker.as_pthread_t(), libc::SIGUSR1) };
        }
    }
    STOP.store(true, Ordering::Relaxed);
    worker.join().unwrap();
    assert!(SEEN.load(Ordering::Relaxed) > 11);
}
