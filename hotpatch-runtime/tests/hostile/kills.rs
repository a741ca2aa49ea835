//! `kill -9` at every step of a commit: of the process, and of whoever offers the patch.

use std::fs;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::thread;

use hotpatch_abi::frame::{Reply, Request};
use hotpatch_abi::manifest::Manifest;
use hotpatch_runtime::{Event, on_event};

use crate::interposed::{Moment, watch};
use crate::process::{Process, exchange, expect_close, hello, private_folder, receive, send};
use crate::sealing::{file, parts, resealed};

/// Has this process end itself, as `kill -9` would, when it comes to a step.
pub(crate) fn die_at(step: &str) {
    match step {
        "prepare" => on_event(|event| die_if(matches!(event, Event::Preparing(_)))),
        "before load" => watch(Some(Arc::new(|moment, _| die_if(moment == Moment::Before)))),
        "after load" => watch(Some(Arc::new(|moment, _| die_if(moment == Moment::After)))),
        "published" => on_event(|event| die_if(matches!(event, Event::Applied(_)))),
        _ => panic!("{step}"),
    }
}

fn die_if(it_is_time: bool) {
    if it_is_time {
        // SAFETY: the call has no preconditions.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
}

fn patch(folder: &Path, value: u64) -> (PathBuf, Vec<u8>) {
    let path = folder.join(format!("{value}.so"));
    fs::write(&path, file(&parts(value))).unwrap();
    let request = Request::Apply {
        path: path.to_str().unwrap().into(),
    };
    (path, request.encode())
}

/// Kills it and waits until it is gone.
fn kill(process: &mut Process) {
    process.child.kill().unwrap();
    assert_eq!(process.child.wait().unwrap().signal(), Some(libc::SIGKILL));
}

/// What a death has left: nothing that is in the way of the next process with the next good patch.
fn check_next(folder: &Path, path: &Path, before: &[u8], value: u64) {
    assert_eq!(fs::read(path).unwrap(), before, "the patch file");
    let mut next = Process::start(folder, Some("secret"));
    let path = path.to_str().unwrap().to_owned();
    let reply = exchange(&mut next.attach(), &Request::Apply { path });
    assert!(matches!(reply, Reply::Applied { generation: 1, .. }), "{reply:?}");
    assert_eq!(next.ask(), format!("<{value}>"));
    next.end();
}

#[test]
fn of_the_process_between_the_frames() {
    let folder = private_folder();
    let (path, request) = patch(folder.path(), 11);
    let before = fs::read(&path).unwrap();
    let frame = [&(request.len() as u32).to_le_bytes()[..], &request].concat();
    // Before the offer, after each byte of its frame but the last, and after the answer.
    for sent in (0..frame.len()).step_by(3) {
        let mut process = Process::start(folder.path(), Some("secret"));
        let mut stream = process.attach();
        stream.write_all(&frame[..sent]).unwrap();
        kill(&mut process);
        expect_close(&mut stream);
    }
    let mut process = Process::start(folder.path(), Some("secret"));
    let mut stream = process.attach();
    send(&mut stream, &request);
    assert!(matches!(receive(&mut stream), Reply::Applied { .. }));
    kill(&mut process);
    expect_close(&mut stream);
    check_next(folder.path(), &path, &before, 11);
}

#[test]
fn of_the_process_inside_a_commit() {
    let folder = private_folder();
    let (path, request) = patch(folder.path(), 12);
    let before = fs::read(&path).unwrap();
    for step in ["prepare", "before load", "after load", "published"] {
        let mut process = Process::start_with_mode(folder.path(), step);
        let mut stream = process.attach();
        send(&mut stream, &request);
        expect_close(&mut stream);
        assert_eq!(
            process.child.wait().unwrap().signal(),
            Some(libc::SIGKILL),
            "{step}"
        );
        check_next(folder.path(), &path, &before, 12);
    }
}

/// A file so large that reading and verifying it takes a while.
fn large(folder: &Path) -> Request {
    let (dylib, manifest): (_, Manifest) = parts(13);
    let mut object = dylib.bytes;
    object.resize(64 << 20, 0);
    let covered = object.len();
    let path = folder.join("large.so");
    fs::write(&path, resealed(&object, &manifest.encode(), covered)).unwrap();
    Request::Apply {
        path: path.to_str().unwrap().into(),
    }
}

/// Waits until the process has this file open.
fn wait_until_open(process: &Process, name: &str) {
    let descriptors = format!("/proc/{}/fd", process.child.id());
    let is_open = || {
        let entries = fs::read_dir(&descriptors).unwrap().flatten();
        entries
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .any(|to| to.ends_with(name))
    };
    while !is_open() {
        thread::yield_now();
    }
}

#[test]
fn of_the_process_while_it_reads() {
    let folder = private_folder();
    let request = large(folder.path()).encode();
    for _ in 0..3 {
        let mut process = Process::start(folder.path(), Some("secret"));
        let mut stream = process.attach();
        send(&mut stream, &request);
        wait_until_open(&process, "large.so");
        kill(&mut process);
        expect_close(&mut stream);
    }
    let (path, _) = patch(folder.path(), 14);
    let before = fs::read(&path).unwrap();
    check_next(folder.path(), &path, &before, 14);
}

/// At any moment, step by step through the time that a commit takes.
#[test]
fn of_the_process_at_any_moment() {
    let folder = private_folder();
    let (path, request) = patch(folder.path(), 15);
    let before = fs::read(&path).unwrap();
    let mut answered = 0;
    for round in 0..40 {
        let mut process = Process::start(folder.path(), Some("secret"));
        let mut stream = process.attach();
        send(&mut stream, &request);
        for _ in 0..round * 2 {
            thread::yield_now();
        }
        kill(&mut process);
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
        answered += usize::from(!answer.is_empty());
    }
    println!("{answered} of 40 had answered");
    check_next(folder.path(), &path, &before, 15);
}

/// The other side dies: to the process, that is a connection that ends. It has all of the patch or nothing, and the next
/// client is served.
#[test]
fn of_the_client_at_every_step() {
    let folder = private_folder();
    let mut process = Process::start(folder.path(), Some("secret"));
    let mut live = 10;
    for round in 0..10 {
        let value = 100 + round;
        let (_, request) = patch(folder.path(), value);
        let frame = [&(request.len() as u32).to_le_bytes()[..], &request].concat();
        let greeting = hello("secret").encode();
        let greeting = [&(greeting.len() as u32).to_le_bytes()[..], &greeting].concat();
        // In the greeting, in the frame; then with the whole offer sent and no answer read.
        for sent in (0..greeting.len()).step_by(5) {
            process.connect().write_all(&greeting[..sent]).unwrap();
        }
        for sent in (0..frame.len()).step_by(5) {
            process.attach().write_all(&frame[..sent]).unwrap();
            assert_eq!(process.ask(), format!("<{live}>"));
        }
        let mut stream = process.attach();
        send(&mut stream, &request);
        stream.shutdown(Shutdown::Both).unwrap();
        drop(stream);
        // What comes later is served later, so the offer was taken or dropped by now.
        let Reply::Status(status) = exchange(&mut process.attach(), &Request::Status) else {
            panic!()
        };
        let answer = process.ask();
        assert!(
            [format!("<{live}>"), format!("<{value}>")].contains(&answer),
            "{answer}"
        );
        let is_live = status
            .functions
            .iter()
            .filter(|function| function.generation == status.identity.generation);
        assert!(
            status.identity.generation == 0 || is_live.count() == 2,
            "{status:?}"
        );
        let good = 200 + round;
        let (_, request) = patch(folder.path(), good);
        let mut stream = process.attach();
        send(&mut stream, &request);
        assert!(matches!(receive(&mut stream), Reply::Applied { .. }));
        assert_eq!(process.ask(), format!("<{good}>"));
        live = good;
    }
    process.end();
}

/// The socket of a process that was killed is there, and nobody is behind it. A process of the same number takes its place.
#[test]
fn sockets_of_the_dead_block_nobody() {
    let folder = private_folder();
    let mut process = Process::start(folder.path(), Some("secret"));
    kill(&mut process);
    let left = process.socket();
    assert!(left.exists() && UnixStream::connect(&left).is_err());
    // The number comes again: a shell that becomes the process finds the socket under its own number.
    let (path, _) = patch(folder.path(), 16);
    let mut next = Process::start_with(folder.path(), |command| {
        let program = command.get_program().to_owned();
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_owned()).collect();
        *command = {
            let mut shell = std::process::Command::new("sh");
            shell
                .arg("-c")
                .arg("mv \"$0\" \"$HOTPATCH_CONTROL_DIR/$$.sock\"; exec \"$@\"")
                .arg(&left);
            shell.arg(program).args(arguments).env("CHILD", "1");
            shell
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            shell
        };
        command
            .env("HOTPATCH_CONTROL_DIR", folder.path())
            .env("HOTPATCH_CONTROL_TOKEN", "secret");
    });
    let path = path.to_str().unwrap().to_owned();
    let reply = exchange(&mut next.attach(), &Request::Apply { path });
    assert!(matches!(reply, Reply::Applied { .. }), "{reply:?}");
    assert_eq!(next.ask(), "<16>");
    next.end();
}
