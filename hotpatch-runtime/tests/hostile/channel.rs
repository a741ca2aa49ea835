//! Clients of the control channel that want no good. While they are at it, a good one gets its patch applied.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use hotpatch_abi::frame::{MAX_LEN, Reply, Request};
use hotpatch_abi::names::{CONTROL_DIR_VAR, CONTROL_TOKEN_VAR};

use crate::process::{Process, exchange, expect_close, hello, private_folder, receive, refusal_code, send};
use crate::sealing::{file, parts};

/// A good client never waits longer, whatever the others do.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the channel may have open, besides what the program has: the socket and its clients.
const DESCRIPTORS: usize = 33;
/// What the process may grow by, in kilobytes.
const MEMORY: u64 = 32 << 10;

/// A process, and what it had before anybody connected.
struct Watched {
    process: Process,
    descriptors: usize,
    memory: u64,
}

impl Watched {
    fn start(folder: &Path) -> Self {
        let mut process = Process::start_with(folder, |command| {
            command
                .env(CONTROL_DIR_VAR, folder)
                .env(CONTROL_TOKEN_VAR, "secret")
                // It would keep what is freed, to see who uses it.
                .env("ASAN_OPTIONS", "quarantine_size_mb=1");
        });
        process.ask();
        let descriptors = descriptors(&process);
        let memory = memory(&process);
        Self {
            process,
            descriptors,
            memory,
        }
    }

    /// A good client has its patch applied, in time, and the process has not grown.
    fn good(&mut self, folder: &Path, value: u64) {
        let path = folder.join(format!("{value}.so"));
        fs::write(&path, file(&parts(value))).unwrap();
        let path = path.to_str().unwrap().to_owned();
        let start = Instant::now();
        let reply = exchange(&mut self.process.attach(), &Request::Apply { path });
        assert!(matches!(reply, Reply::Applied { .. }), "{reply:?}");
        assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
        assert_eq!(self.process.ask(), format!("<{value}>"));
        let (descriptors, memory) = (descriptors(&self.process), memory(&self.process));
        assert!(
            descriptors <= self.descriptors + DESCRIPTORS,
            "{descriptors} open"
        );
        assert!(
            memory <= self.memory + MEMORY,
            "{memory} kB, {} before",
            self.memory
        );
    }
}

fn descriptors(process: &Process) -> usize {
    fs::read_dir(format!("/proc/{}/fd", process.child.id()))
        .unwrap()
        .count()
}

/// Resident memory in kilobytes.
fn memory(process: &Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.child.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn tokens_that_are_not_the_one() {
    let folder = private_folder();
    let mut watched = Watched::start(folder.path());
    let mut tokens: Vec<String> = (0.."secret".len())
        .map(|len| "secret"[..len].to_owned())
        .collect();
    tokens.extend(
        [
            "secrets", "Secret", " secret", "secret\0", "secret\n", "*", "\u{fffd}",
        ]
        .map(String::from),
    );
    tokens.extend((0..500).map(|number| format!("{number:06x}")));
    tokens.push("s".repeat(1000));
    for token in &tokens {
        let mut stream = watched.process.connect();
        let reply = exchange(&mut stream, &hello(token));
        assert_eq!(refusal_code(reply), "HP0502", "{token}");
        expect_close(&mut stream);
    }
    assert_eq!(tokens.len(), 514);
    // Longer than any greeting: hung up on, unanswered.
    for len in [
        1025,
        1 << 16,
        MAX_LEN as u32,
        MAX_LEN as u32 + 1,
        1 << 31,
        u32::MAX,
    ] {
        let mut stream = watched.process.connect();
        stream.write_all(&len.to_le_bytes()).unwrap();
        expect_close(&mut stream);
    }
    watched.good(folder.path(), 11);
    watched.process.end();
}

#[test]
fn floods_of_connections() {
    let folder = private_folder();
    let mut watched = Watched::start(folder.path());
    // Opened and left, without a word.
    for _ in 0..3000 {
        drop(watched.process.connect());
    }
    watched.good(folder.path(), 12);
    // Held: silent, closed in one direction, half a length, half a greeting.
    let greeting = hello("secret").encode();
    let mut held = Vec::new();
    for number in 0..400 {
        let stream = watched.process.connect();
        match number % 4 {
            0 => {}
            1 => stream.shutdown(Shutdown::Write).unwrap(),
            2 => drop((&stream).write(&[1, 0])),
            _ => {
                drop((&stream).write(&[&(greeting.len() as u32).to_le_bytes()[..], &greeting[..8]].concat()))
            }
        }
        held.push(stream);
    }
    watched.good(folder.path(), 13);
    drop(held);
    watched.good(folder.path(), 14);
    watched.process.end();
}

#[test]
fn a_greeting_byte_by_byte() {
    let folder = private_folder();
    let mut watched = Watched::start(folder.path());
    let mut slow: Vec<UnixStream> = (0..31).map(|_| watched.process.connect()).collect();
    // They are thrown out one day; that is not waited for.
    for byte in [9, 0, 0, 0, 1] {
        for stream in &mut slow {
            let _ = stream.write(&[byte]);
        }
    }
    watched.good(folder.path(), 15);
    drop(slow);
    watched.process.end();
}

#[test]
fn floods_of_requests_and_clients_that_never_read() {
    let folder = private_folder();
    let mut watched = Watched::start(folder.path());
    let status = Request::Status.encode();
    let frame = [&(status.len() as u32).to_le_bytes()[..], &status].concat();
    let deaf: Vec<UnixStream> = (0..16).map(|_| watched.process.attach()).collect();
    for stream in &deaf {
        stream.set_nonblocking(true).unwrap();
        let frames = frame.repeat(1000);
        while (&*stream).write(&frames).is_ok() {}
    }
    watched.good(folder.path(), 16);
    let mut eager = watched.process.attach();
    for _ in 0..50 {
        eager.write_all(&frame.repeat(100)).unwrap();
        for _ in 0..100 {
            assert!(matches!(receive(&mut eager), Reply::Status(_)));
        }
    }
    watched.good(folder.path(), 17);
    // Refused one after the other; the connection stays.
    for number in 0..500 {
        let path = format!("/nowhere/{number}.so");
        assert_eq!(
            refusal_code(exchange(&mut eager, &Request::Apply { path })),
            "HP0501"
        );
    }
    let path = "/".repeat(1 << 20);
    assert_eq!(
        refusal_code(exchange(&mut eager, &Request::Apply { path })),
        "HP0501"
    );
    watched.good(folder.path(), 18);
    drop(deaf);
    watched.process.end();
}

/// Frames that are none, from clients with and without the token, each of which is hung up on.
#[test]
fn frames_that_are_none() {
    let folder = private_folder();
    let mut watched = Watched::start(folder.path());
    let apply = Request::Apply { path: "/p.so".into() }.encode();
    let mut count = 0;
    for at in 0..apply.len() {
        for byte in [0, 4, 0x7f, 0xff] {
            let mut message = apply.clone();
            message[at] = byte;
            let message = if at % 2 == 0 { &message[..] } else { &message[..at] };
            for is_known in [false, true] {
                let mut stream = if is_known {
                    watched.process.attach()
                } else {
                    watched.process.connect()
                };
                send(&mut stream, message);
                stream.shutdown(Shutdown::Write).unwrap();
                let mut answer = Vec::new();
                if let Err(error) = stream.read_to_end(&mut answer) {
                    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                }
                if let Some(reply) = answer.get(4..) {
                    let code = refusal_code(Reply::decode(reply).unwrap());
                    assert!(["HP0501", "HP0502"].contains(&code.as_str()), "{code}");
                }
                count += 1;
            }
        }
    }
    assert_eq!(count, 80);
    watched.good(folder.path(), 19);
    watched.process.end();
}

/// The folder keeps others out. If somebody has opened it, the process looks who is there.
#[test]
fn a_peer_of_another_user() {
    // SAFETY: the call has no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("SKIPPED: only root can become another user");
        return;
    }
    let folder = private_folder();
    let mut watched = Watched::start(folder.path());
    let socket = watched.process.socket();
    assert_eq!(stranger(&socket), Stranger::KeptOut);
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(stranger(&socket), Stranger::KeptOut);
    fs::set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
    for _ in 0..20 {
        assert_eq!(stranger(&socket), Stranger::HungUpOn);
    }
    watched.good(folder.path(), 20);
    watched.process.end();
}

#[derive(Debug, PartialEq)]
enum Stranger {
    KeptOut,
    HungUpOn,
    Answered,
}

/// What becomes of another user with the right token.
fn stranger(socket: &Path) -> Stranger {
    const NOBODY: libc::uid_t = 65534;
    let mut address = libc::sockaddr_un {
        sun_family: libc::AF_UNIX as u16,
        sun_path: [0; 108],
    };
    for (to, from) in address.sun_path.iter_mut().zip(socket.as_os_str().as_bytes()) {
        *to = *from as libc::c_char;
    }
    let greeting = hello("secret").encode();
    let frame = [&(greeting.len() as u32).to_le_bytes()[..], &greeting].concat();
    // SAFETY: the child makes system calls only, on memory that was there before.
    let child = unsafe {
        let child = libc::fork();
        if child == 0 {
            if libc::setgid(NOBODY) != 0 || libc::setuid(NOBODY) != 0 {
                libc::_exit(9);
            }
            let stream = libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0);
            let len = size_of_val(&address) as libc::socklen_t;
            if libc::connect(stream, (&raw const address).cast(), len) != 0 {
                libc::_exit(0);
            }
            libc::send(stream, frame.as_ptr().cast(), frame.len(), libc::MSG_NOSIGNAL);
            let mut byte = 0_u8;
            let answered = libc::read(stream, (&raw mut byte).cast(), 1) > 0;
            libc::_exit(if answered { 2 } else { 1 });
        }
        child
    };
    let mut status = 0;
    // SAFETY: the child is ours, and the status is written before it is read.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    match libc::WEXITSTATUS(status) {
        0 => Stranger::KeptOut,
        1 => Stranger::HungUpOn,
        2 => Stranger::Answered,
        code => panic!("{code}"),
    }
}
