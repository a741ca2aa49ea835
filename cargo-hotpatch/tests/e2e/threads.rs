//! Many threads that run hot code, wait, panic and take signals while patches come.

use crate::project::Project;
use crate::session::Session;

/// 64 threads that call all the time, and others that stand in a hot function: in a system call, at a lock, asleep.
/// Two unwind through hot functions, and an alarm comes every 500 microseconds.
///
/// `check` waits until every caller has begun and ended a call, and prints the versions that these saw. `release` lets
/// the standing ones go on: each prints what it entered with and what its next call is.
const MAIN: &str = r#"
use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Condvar, Mutex};
use std::{panic, thread};

const CALLERS: usize = 64;
const SIGALRM: i32 = 14;

unsafe extern "C" {
    fn signal(number: i32, handler: usize) -> usize;
    fn siginterrupt(number: i32, interrupt: i32) -> i32;
    fn setitimer(which: i32, new: *const [i64; 4], old: *mut [i64; 4]) -> i32;
    fn pthread_sigmask(how: i32, set: *const [u64; 16], old: *mut [u64; 16]) -> i32;
    fn read(fd: i32, buffer: *mut u8, len: usize) -> isize;
    fn epoll_create1(flags: i32) -> i32;
    fn epoll_ctl(epoll: i32, op: i32, fd: i32, event: *mut [u32; 3]) -> i32;
    fn epoll_wait(epoll: i32, events: *mut [u32; 3], len: i32, timeout: i32) -> i32;
}

thread_local! { static OWN: Cell<u64> = const { Cell::new(0) }; }

static CALLS: [AtomicU64; CALLERS] = [const { AtomicU64::new(0) }; CALLERS];
static SEEN: [AtomicU64; CALLERS] = [const { AtomicU64::new(0) }; CALLERS];
static ALARMS: AtomicU64 = AtomicU64::new(0);
static UNWINDS: AtomicU64 = AtomicU64::new(0);
static STANDING: AtomicU64 = AtomicU64::new(0);
static INTERRUPTED: AtomicU64 = AtomicU64::new(0);
static GATE: Mutex<bool> = Mutex::new(false);
static OPEN: Condvar = Condvar::new();

#[hotpatch::hotpatch]
fn version() -> u64 { 1 }

/// Counts its calls in a thread-local, which no patch may lose.
#[hotpatch::hotpatch]
fn step(index: usize) {
    OWN.set(OWN.get() + 1);
    let before = CALLS[index].load(SeqCst);
    assert_eq!(OWN.get(), before + 1);
    SEEN[index].store(version(), SeqCst);
    CALLS[index].store(before + 1, SeqCst);
}

#[hotpatch::hotpatch]
fn stand(name: &str, wait: &mut dyn FnMut()) -> String {
    let entered = { 1 };
    STANDING.fetch_add(1, SeqCst);
    wait();
    format!("{name} {entered} {}", version())
}

/// Calls hot code while it unwinds.
struct Dropped;

impl Drop for Dropped {
    fn drop(&mut self) {
        if version() > 0 {
            UNWINDS.fetch_add(1, SeqCst);
        }
    }
}

#[hotpatch::hotpatch]
fn fail(depth: u64) {
    let _dropped = Dropped;
    if depth == 0 {
        panic!("version {}", version());
    }
    fail(depth - 1);
}

extern "C" fn alarm(_: i32) {
    if hotpatch::call(version) > 0 {
        ALARMS.fetch_add(1, SeqCst);
    }
}

fn block_alarm() {
    let mut set = [0; 16];
    set[0] = 1 << (SIGALRM - 1);
    unsafe { pthread_sigmask(0, &set, std::ptr::null_mut()) };
}

/// Counts a system call that ended because of a signal: no patch may send one.
fn checked(result: isize) {
    if result < 0 && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted {
        INTERRUPTED.fetch_add(1, SeqCst);
    }
}

fn standing(name: &'static str, done: &Sender<String>, mut wait: impl FnMut() + Send + 'static) {
    let done = done.clone();
    thread::spawn(move || {
        block_alarm();
        done.send(hotpatch::call(|| stand(name, &mut wait))).unwrap();
    });
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    unsafe {
        signal(SIGALRM, alarm as extern "C" fn(i32) as usize);
        siginterrupt(SIGALRM, 1);
        setitimer(0, &[0, 500, 0, 500], std::ptr::null_mut());
    }
    for index in 0..CALLERS {
        thread::spawn(move || loop {
            hotpatch::call(|| step(index));
            thread::yield_now();
        });
    }
    for _ in 0..2 {
        thread::spawn(|| loop {
            panic::catch_unwind(|| hotpatch::call(|| fail(5))).unwrap_err();
            thread::yield_now();
        });
    }
    let (done, results) = channel();
    let lock = Box::leak(Box::new(Mutex::new(())));
    let held = lock.lock().unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (polled, mut filled) = std::io::pipe().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    standing("accept", &done, move || drop(listener.accept().unwrap()));
    standing("asleep", &done, || drop(OPEN.wait_while(GATE.lock().unwrap(), |open| !*open).unwrap()));
    standing("epoll", &done, move || unsafe {
        let epoll = epoll_create1(0);
        epoll_ctl(epoll, 1, polled.as_raw_fd(), &mut [1, 0, 0]);
        checked(epoll_wait(epoll, &mut [0; 3], 1, -1) as isize);
    });
    standing("lock", &done, || drop(lock.lock().unwrap()));
    standing("read", &done, move || checked(unsafe { read(reader.as_raw_fd(), &mut 0, 1) }));
    let mut held = Some(held);
    let mut line = String::new();
    loop {
        line.clear();
        // The alarms end this system call, and the library begins it again.
        if std::io::stdin().read_line(&mut line).unwrap() == 0 {
            return;
        }
        if line.trim() == "release" {
            *GATE.lock().unwrap() = true;
            OPEN.notify_all();
            held.take();
            writer.write_all(b"x").unwrap();
            filled.write_all(b"x").unwrap();
            let _ = std::net::TcpStream::connect(address).unwrap().read(&mut [0]);
            let mut all: Vec<String> = results.iter().take(5).collect();
            all.sort();
            println!("{}", all.join(", "));
            continue;
        }
        let moved = |counters: &[AtomicU64], by: u64| {
            let before: Vec<u64> = counters.iter().map(|counter| counter.load(SeqCst)).collect();
            for (counter, before) in counters.iter().zip(before) {
                while counter.load(SeqCst) < before + by { thread::yield_now(); }
            }
        };
        while STANDING.load(SeqCst) < 5 { thread::yield_now(); }
        moved(&CALLS, 2);
        moved(std::slice::from_ref(&ALARMS), 1);
        moved(std::slice::from_ref(&UNWINDS), 12);
        let seen: BTreeSet<u64> = SEEN.iter().map(|seen| seen.load(SeqCst)).collect();
        println!("{seen:?} interrupted {}", INTERRUPTED.load(SeqCst));
    }
}
"#;

#[test]
fn threads_that_call_wait_panic_and_take_signals_all_come_to_the_new_code() {
    let project = Project::new("threads", MAIN);
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.ask("check"), "{1} interrupted 0");
    for version in 2..6 {
        let version_of = |version: u64| format!("fn version() -> u64 {{ {version} }}");
        let entered_with = |version: u64| format!("let entered = {{ {version} }};");
        let text = project.read("src/main.rs");
        let text = text.replace(&version_of(version - 1), &version_of(version));
        let text = text.replace(&entered_with(version - 1), &entered_with(version));
        project.write("src/main.rs", &text);
        let functions = session.applied();
        assert!(
            functions.contains(&"threads::version".to_owned()),
            "{functions:?}"
        );
        assert_eq!(session.ask("check"), format!("{{{version}}} interrupted 0"));
    }
    // Calls that stood still all the while end on the code that they began with, and their next call runs the new one.
    assert_eq!(
        session.ask("release"),
        "accept 1 5, asleep 1 5, epoll 1 5, lock 1 5, read 1 5"
    );
    assert_eq!(session.ask("check"), "{5} interrupted 0");
    assert!(session.finish().success());
}
