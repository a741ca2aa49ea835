//! The control channel, from the outside: a child process that attaches by itself, and clients of every kind.

mod process;
mod rollback;
#[macro_use]
#[path = "../support/mod.rs"]
mod support;

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;

use hotpatch_abi::frame::{MAX_LEN, Reply, Request};
use hotpatch_abi::names::{CONTROL_DIR_VAR, CONTROL_TOKEN_VAR};
use hotpatch_abi::version::ABI_VERSION;

use process::{Process, exchange, expect_close, hello, private_folder, receive, refusal_code, send};
use support::returning;

hot!(one, ONE, 10);

/// Not a test of its own: what the child process of the other tests does.
#[test]
fn child() {
    if std::env::var_os("CHILD").is_none() {
        return;
    }
    match std::env::var("MODE").as_deref() {
        Ok("fork") => fork(),
        Ok("close all") => close_all(),
        Ok("move") => std::env::set_current_dir("/").unwrap(),
        _ => {}
    }
    // Whatever comes in on standard input is answered with what the hot function returns now.
    let mut byte = [0];
    while std::io::stdin().read(&mut byte).unwrap() == 1 {
        if byte == *b"b" {
            // As a program would that finds itself broken. It has been at generation 1.
            std::thread::spawn(|| hotpatch_runtime::rollback(1).unwrap())
                .join()
                .unwrap();
            continue;
        }
        std::io::stdout()
            .write_all(format!("<{}>\n", one()).as_bytes())
            .unwrap();
    }
}

/// Leaves a forked child behind that lives until standard input is closed.
fn fork() {
    // SAFETY: the child makes system calls only.
    unsafe {
        if libc::fork() == 0 {
            let mut polled = libc::pollfd {
                fd: 0,
                events: 0,
                revents: 0,
            };
            while polled.revents & libc::POLLHUP == 0 {
                libc::poll(&raw mut polled, 1, -1);
            }
            libc::_exit(0);
        }
    }
}

/// Closes descriptors that it never opened, and takes their numbers.
fn close_all() {
    for descriptor in 3..64 {
        // SAFETY: against the rules, as some programs are.
        unsafe { libc::close(descriptor) };
    }
    for _ in 3..64 {
        std::mem::forget(fs::File::open("/dev/null").unwrap());
    }
}

#[test]
fn a_patch_is_applied_and_described() {
    let folder = private_folder();
    let mut process = Process::start(folder.path(), Some("secret"));
    let mode = fs::metadata(process.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut stream = process.attach();
    let (path, id) = returning(folder.path(), "p.so", &[(&ONE, 11)]);
    let path = path.to_str().unwrap().to_owned();
    let Reply::Applied {
        generation,
        patch,
        functions,
        nanos,
        ..
    } = exchange(&mut stream, &Request::Apply { path: path.clone() })
    else {
        panic!("not applied")
    };
    assert_eq!(
        (generation, patch, functions),
        (1, id, vec!["test::one".to_owned()])
    );
    assert!(nanos > 0);
    assert_eq!(process.ask(), "<11>");

    let missing = Request::Apply {
        path: "/nowhere/p.so".into(),
    };
    assert_eq!(refusal_code(exchange(&mut stream, &missing)), "HP0501");
    assert_eq!(process.ask(), "<11>");

    // A late client sees the same.
    let Reply::Status(status) = exchange(&mut process.attach(), &Request::Status) else {
        panic!("no status")
    };
    assert_eq!((status.identity.generation, status.identity.head), (1, Some(id)));
    let [image] = &status.images[..] else {
        panic!("{:?}", status.images)
    };
    assert_eq!(image.path, path);
    assert!(image.bytes >= 4096 && image.bytes % 4096 == 0, "{image:?}");
    let one = &status.functions[0];
    assert_eq!(
        (one.path.as_str(), one.generation, one.image.as_str()),
        ("test::one", 1, path.as_str())
    );

    let socket = process.socket();
    assert!(!process.end().contains("hotpatch:"), "no output of ours");
    assert!(!socket.exists(), "removed at exit");
}

#[test]
fn only_the_right_token_and_version_are_welcome() {
    let folder = private_folder();
    let process = Process::start(folder.path(), Some("secret"));
    let other_version = Request::Hello {
        abi_version: ABI_VERSION + 1,
        token: "secret".into(),
    };
    for (request, code) in [
        (hello("wrong"), "HP0502"),
        (hello(""), "HP0502"),
        (other_version, "HP0105"),
        (Request::Status, "HP0502"),
        (Request::Apply { path: "/p.so".into() }, "HP0502"),
    ] {
        let mut stream = process.connect();
        assert_eq!(refusal_code(exchange(&mut stream, &request)), code, "{request:?}");
        expect_close(&mut stream);
    }
    let mut stream = process.attach();
    assert_eq!(
        refusal_code(exchange(&mut stream, &hello("secret"))),
        "HP0502",
        "said twice"
    );
    expect_close(&mut stream);
    process.end();
}

#[test]
fn clients_that_misbehave_hold_up_nobody() {
    let folder = private_folder();
    let mut process = Process::start(folder.path(), Some("secret"));

    let mut garbage = process.attach();
    send(&mut garbage, b"garbage");
    expect_close(&mut garbage);

    let mut oversized = process.attach();
    oversized.write_all(&(MAX_LEN as u32 + 1).to_le_bytes()).unwrap();
    expect_close(&mut oversized);

    let mut stranger = process.connect();
    stranger.write_all(&2000_u32.to_le_bytes()).unwrap();
    expect_close(&mut stranger);

    let silent: Vec<UnixStream> = (0..8).map(|_| process.connect()).collect();
    let mut half = process.attach();
    half.write_all(&[9, 0, 0, 0, 3]).unwrap();
    // Asks for much and reads nothing.
    let mut deaf = process.attach();
    deaf.set_nonblocking(true).unwrap();
    let status = Request::Status.encode();
    let frame = [&(status.len() as u32).to_le_bytes()[..], &status]
        .concat()
        .repeat(1000);
    while deaf.write(&frame).is_ok() {}

    let (path, _) = returning(folder.path(), "p.so", &[(&ONE, 12)]);
    let path = path.to_str().unwrap().to_owned();
    assert!(matches!(
        exchange(&mut process.attach(), &Request::Apply { path }),
        Reply::Applied { .. }
    ));
    assert_eq!(process.ask(), "<12>");
    drop((silent, half, deaf));
    process.end();
}

#[test]
fn a_client_that_never_says_hello_is_dropped() {
    let folder = private_folder();
    let process = Process::start(folder.path(), Some("secret"));
    expect_close(&mut process.connect());
    process.end();
}

#[test]
fn requests_that_come_together_are_answered_in_turn() {
    let folder = private_folder();
    let process = Process::start(folder.path(), Some("secret"));
    let mut stream = process.attach();
    for _ in 0..100 {
        send(&mut stream, &Request::Status.encode());
    }
    for _ in 0..100 {
        assert!(matches!(receive(&mut stream), Reply::Status(_)));
    }
    process.end();
}

#[test]
fn a_folder_that_cannot_be_used_is_reported_and_the_program_runs() {
    let folder = private_folder();
    let check = |folder: &Path, token: Option<&str>, reason: &str| {
        let text = Process::start(folder, token).end();
        let line = text
            .lines()
            .find(|line| line.starts_with("hotpatch: "))
            .unwrap_or_else(|| panic!("{text}"));
        assert!(
            line.starts_with("hotpatch: cannot open the control socket `"),
            "{line}"
        );
        assert!(line.contains(reason), "{line}");
        assert!(line.ends_with("; this process will not take patches"), "{line}");
    };
    check(&folder.path().join("missing"), Some("secret"), "No such file");
    check(folder.path(), None, CONTROL_TOKEN_VAR);
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    check(folder.path(), Some("secret"), "not private");
}

#[test]
fn a_folder_with_a_long_path_works() {
    let folder = private_folder();
    let long = folder.path().join("x".repeat(120));
    fs::create_dir(&long).unwrap();
    fs::set_permissions(&long, Permissions::from_mode(0o700)).unwrap();
    let mut process = Process::start(&long, Some("secret"));
    // The client has the same problem with the long path, and the same way out.
    let short = folder.path().join("s");
    std::os::unix::fs::symlink(&long, &short).unwrap();
    process.folder = short;
    process.attach();
    process.end();
}

#[test]
fn a_crash_leaves_a_socket_that_answers_nobody() {
    let folder = private_folder();
    let mut process = Process::start(folder.path(), Some("secret"));
    let mut stream = process.attach();
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    expect_close(&mut stream);
    assert_eq!(
        UnixStream::connect(process.socket()).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

#[test]
fn a_process_that_was_never_patched_is_at_generation_0() {
    let folder = private_folder();
    let process = Process::start(folder.path(), Some("secret"));
    let Reply::Status(status) = exchange(&mut process.attach(), &Request::Status) else {
        panic!("no status")
    };
    assert_eq!((status.identity.generation, status.identity.head), (0, None));
    assert_eq!(
        (status.functions[0].path.as_str(), status.functions[0].generation),
        ("test::one", 0)
    );
    assert!(status.images.is_empty());
    process.end();
}

#[test]
fn without_the_variable_nothing_is_started_opened_or_printed() {
    let folder = private_folder();
    let process = Process::start_with(folder.path(), |_| {});
    assert!(process.threads().iter().all(|(name, _)| name != "hotpatch"));
    assert!(!process.socket().exists());
    assert!(!process.end().contains("hotpatch:"));
}

#[test]
fn signals_go_to_the_threads_of_the_program() {
    const SIGINT_AND_SIGTERM: u64 = 1 << 1 | 1 << 14;
    const SIGSEGV: u64 = 1 << 10;
    let folder = private_folder();
    let process = Process::start(folder.path(), Some("secret"));
    // A thread names itself when it runs, and one that answers runs.
    process.attach();
    for (name, blocked) in process.threads() {
        let expected = if name == "hotpatch" { SIGINT_AND_SIGTERM } else { 0 };
        assert_eq!(blocked & (SIGINT_AND_SIGTERM | SIGSEGV), expected, "{name}");
    }
    process.end();
}

#[test]
fn a_forked_child_does_not_keep_the_connection() {
    let folder = private_folder();
    let mut process = Process::start_with_mode(folder.path(), "fork");
    let mut stream = process.attach();
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    expect_close(&mut stream);
    let error = UnixStream::connect(process.socket()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_program_that_closes_all_descriptors_keeps_those_that_it_opens_then() {
    let folder = private_folder();
    let process = Process::start_with_mode(folder.path(), "close all");
    // The first connection wakes the server, which finds its socket gone.
    while UnixStream::connect(process.socket()).is_ok() {
        std::thread::yield_now();
    }
    for descriptor in 3..64 {
        let file = fs::read_link(format!("/proc/{}/fd/{descriptor}", process.child.id())).unwrap();
        assert_eq!(file, Path::new("/dev/null"), "{descriptor}");
    }
    process.end();
}

#[test]
fn a_program_without_standard_streams_does_not_print_into_the_socket() {
    let folder = private_folder();
    let process = Process::start_with(folder.path(), |command| {
        command
            .env(CONTROL_DIR_VAR, folder.path())
            .env(CONTROL_TOKEN_VAR, "secret");
        // SAFETY: a system call, which may be made in a forked child.
        unsafe {
            command.pre_exec(|| {
                libc::close(2);
                Ok(())
            })
        };
    });
    process.attach();
    let file = fs::read_link(format!("/proc/{}/fd/2", process.child.id())).unwrap();
    assert_eq!(file, Path::new("/dev/null"));
    process.end();
}

#[test]
fn a_program_that_changes_its_folder_removes_its_socket() {
    let folder = private_folder();
    let process = Process::start_with(folder.path(), |command| {
        command.env(CONTROL_DIR_VAR, ".").env(CONTROL_TOKEN_VAR, "secret");
        command.env("MODE", "move").current_dir(folder.path());
    });
    process.attach();
    let socket = process.socket();
    process.end();
    assert!(!socket.exists());
}
