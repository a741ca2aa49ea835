//! When a process looks.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hotpatch_runtime::{Policy, follow};

use crate::one;
use crate::patches::{chain, patch};
use crate::support::{alone, folder};
use crate::told;

#[test]
fn the_first_look_is_over_when_following_begins() {
    let (_alone, folder) = (alone(), folder());
    let chain = chain::<3>();
    let policies = [
        Policy::OnChange,
        Policy::OnSignal(libc::SIGHUP),
        Policy::Every(Duration::from_secs(3600)),
    ];
    for ((patch, policy), name) in chain.iter().zip(policies).zip(["1", "2", "3"]) {
        patch.write(folder.path(), name);
        let _following = follow(folder.path(), policy).unwrap();
        assert_eq!(one(), patch.value);
    }
}

#[test]
fn on_change() {
    let (_alone, folder) = (alone(), folder());
    let _following = follow(folder.path(), Policy::OnChange).unwrap();
    told::listen();
    let [first, second, third] = chain::<3>();
    first.write(folder.path(), "1");
    told::wait_until_live(&first);
    third.write(folder.path(), "3");
    second.rename_to(&folder.path().join("2"));
    told::wait_until_live(&third);
}

#[test]
fn on_signal() {
    static BEFORE: AtomicU64 = AtomicU64::new(0);
    extern "C" fn count(_: libc::c_int) {
        BEFORE.fetch_add(1, Ordering::Relaxed);
    }
    let (_alone, folder) = (alone(), folder());
    // SAFETY: the handler adds to an atomic.
    unsafe {
        libc::signal(
            libc::SIGUSR2,
            count as extern "C" fn(libc::c_int) as libc::sighandler_t,
        )
    };
    let [first, second] = chain::<2>();
    {
        let _following = follow(folder.path(), Policy::OnSignal(libc::SIGHUP)).unwrap();
        let _another = follow(folder.path(), Policy::OnSignal(libc::SIGUSR2)).unwrap();
        told::listen();
        let before = one();
        first.write(folder.path(), "1");
        assert_eq!(one(), before, "nobody has asked for it");
        raise(libc::SIGHUP);
        told::wait_until_live(&first);
        second.write(folder.path(), "2");
        raise(libc::SIGUSR2);
        told::wait_until_live(&second);
        assert_eq!(BEFORE.load(Ordering::Relaxed), 1, "the program's own handler");
    }
    // Nobody follows any more, and the process still lives.
    raise(libc::SIGHUP);
    raise(libc::SIGUSR2);
    assert_eq!(BEFORE.load(Ordering::Relaxed), 2);
}

fn raise(signal: i32) {
    // SAFETY: the signal is handled.
    unsafe { libc::raise(signal) };
}

#[test]
fn every_interval() {
    let (_alone, folder) = (alone(), folder());
    let _following = follow(folder.path(), Policy::Every(Duration::from_millis(5))).unwrap();
    told::listen();
    for patch in chain::<3>() {
        patch.write(folder.path(), &patch.value.to_string());
        told::wait_until_live(&patch);
    }
}

#[test]
fn what_cannot_be_followed_is_an_error_that_says_why() {
    let (_alone, folder) = (alone(), folder());
    let kind_and_text = |path: &str, policy| {
        let error = follow(folder.path().join(path), policy).unwrap_err();
        (error.kind(), error.to_string())
    };
    let (kind, text) = kind_and_text("none/patches", Policy::OnChange);
    assert_eq!(kind, io::ErrorKind::NotFound);
    assert!(text.contains("none` for "), "{text}");
    for signal in [libc::SIGKILL, libc::SIGSTOP, libc::SIGSEGV, libc::SIGBUS] {
        let (kind, text) = kind_and_text("", Policy::OnSignal(signal));
        assert_eq!(kind, io::ErrorKind::InvalidInput);
        assert!(text.contains("cannot be caught"), "{text}");
    }
    let (kind, text) = kind_and_text("", Policy::OnSignal(1000));
    assert_eq!(kind, io::ErrorKind::InvalidInput);
    assert!(text.contains("1000"), "{text}");
    let (kind, _) = kind_and_text("", Policy::Every(Duration::ZERO));
    assert_eq!(kind, io::ErrorKind::InvalidInput);
    patch(None).write(folder.path(), "file");
    // A file is no folder to look into.
    assert_eq!(kind_and_text("file/1", Policy::Manual).0, io::ErrorKind::NotFound);
}
