//! The handle: its end, event callbacks, and forked children.

use std::fs;
use std::io;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use hotpatch_abi::code;
use hotpatch_runtime::{Event, Following, Policy, apply, follow, on_event};

use crate::one;
use crate::patches::{chain, patch};
use crate::support::{alone, folder};
use crate::told;

/// Waits until so many threads follow something. A thread gets its name when it starts, and is listed a little longer than
/// it runs.
fn wait_for_threads(count: usize) {
    let threads = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
        names.filter(|name| name.trim() == "hotpatch-follow").count()
    };
    while threads() != count {
        thread::yield_now();
    }
}

#[test]
fn dropping_it_ends_it() {
    if std::env::var_os("CHILD").is_none() {
        // In a process in which nothing else is followed.
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", "handle::dropping_it_ends_it"]);
        assert!(child.env("CHILD", "").status().unwrap().success());
        return;
    }
    let folder = folder();
    let policies = [
        Policy::OnChange,
        Policy::OnSignal(libc::SIGUSR2),
        Policy::Every(Duration::from_secs(3600)),
        Policy::Manual,
    ];
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let open = descriptors();
    let all = policies.map(|policy| follow(folder.path(), policy).unwrap());
    wait_for_threads(3);
    drop(all);
    wait_for_threads(0);
    assert_eq!(descriptors(), open);
}

#[test]
fn detached_it_goes_on() {
    let (_alone, folder) = (alone(), folder());
    follow(folder.path(), Policy::OnChange).unwrap().detach();
    told::listen();
    let patch = patch(None);
    patch.write(folder.path(), "1");
    told::wait_until_live(&patch);
}

#[test]
fn inside_a_callback_it_refuses_and_ends_without_waiting() {
    static FOLLOWING: Mutex<Option<Following>> = Mutex::new(None);
    static DONE: AtomicBool = AtomicBool::new(false);
    let (_alone, folder, elsewhere) = (alone(), folder(), folder());
    on_event(|event| {
        if let Event::Applied(_) = event
            && let Some(following) = FOLLOWING.lock().unwrap().take()
        {
            assert_eq!(following.check().unwrap_err().code(), code::BUSY);
            assert_eq!(following.retry().unwrap_err().code(), code::BUSY);
            let error = follow("/", Policy::Manual).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Deadlock);
            drop(following);
            DONE.store(true, Ordering::Relaxed);
        }
    });
    let [first, second] = chain::<2>();
    // On the thread that follows.
    *FOLLOWING.lock().unwrap() = Some(follow(folder.path(), Policy::OnChange).unwrap());
    told::listen();
    first.write(folder.path(), "1");
    told::wait_until_live(&first);
    assert!(DONE.swap(false, Ordering::Relaxed));
    // On another one.
    *FOLLOWING.lock().unwrap() = Some(follow(folder.path(), Policy::OnChange).unwrap());
    apply(second.write(elsewhere.path(), "2")).unwrap();
    assert!(DONE.load(Ordering::Relaxed));
}

#[test]
fn a_forked_child_may_drop_it_and_the_parent_follows_on() {
    let (_alone, folder) = (alone(), folder());
    let following = follow(folder.path(), Policy::OnChange).unwrap();
    let before = one();
    told::listen();
    // SAFETY: the child drops a value that it shares with no thread, asks what runs, and ends.
    let status = unsafe {
        let child = libc::fork();
        if child == 0 {
            drop(following);
            libc::_exit(i32::from(one() != before));
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        status
    };
    assert_eq!(status, 0);
    let patch = patch(None);
    patch.write(folder.path(), "1");
    told::wait_until_live(&patch);
    drop(following);
}
