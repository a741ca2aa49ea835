//! Roll-back, history, and waiting for another generation.

use std::io::Write;
use std::os::unix::net::UnixStream;

use hotpatch_abi::frame::{Reply, Request};
use hotpatch_abi::generation::{History, Live, Origin};
use hotpatch_abi::manifest::PatchId;
use hotpatch_abi::names::{CONTROL_DIR_VAR, CONTROL_TOKEN_VAR, KEEP_GENERATIONS_VAR};
use tempfile::TempDir;

use crate::ONE;
use crate::process::{Process, exchange, expect_close, private_folder, receive, refusal_code, send};
use crate::support::returning;

/// Has the hot function return `value`. A patch of these fits at any generation.
fn apply(stream: &mut UnixStream, folder: &TempDir, value: u64) -> PatchId {
    let (path, id) = returning(folder.path(), &format!("{value}.so"), &[(&ONE, value)]);
    let path = path.to_str().unwrap().to_owned();
    let reply = exchange(stream, &Request::Apply { path });
    assert!(
        matches!(reply, Reply::Applied { patch, .. } if patch == id),
        "{reply:?}"
    );
    id
}

/// The generation that a roll-back made, the one whose code it runs, and the head.
fn roll_back(stream: &mut UnixStream, to: Option<u64>) -> (u64, u64, Option<PatchId>) {
    match exchange(stream, &Request::RollBack { to }) {
        Reply::RolledBack {
            generation,
            to,
            head,
            functions,
            nanos,
            ..
        } => {
            assert_eq!(functions, ["test::one"]);
            assert!(nanos > 0);
            (generation, to, head)
        }
        reply => panic!("{reply:?}"),
    }
}

fn history(stream: &mut UnixStream) -> History {
    match exchange(stream, &Request::History) {
        Reply::History(history) => history,
        reply => panic!("{reply:?}"),
    }
}

fn await_after(stream: &mut UnixStream, generation: u64) {
    send(stream, &Request::Await { generation }.encode());
}

fn told(stream: &mut UnixStream) -> Live {
    match receive(stream) {
        Reply::Live(live) => live,
        reply => panic!("{reply:?}"),
    }
}

/// Fails if something has come.
fn expect_silence(stream: &mut UnixStream) {
    stream.set_nonblocking(true).unwrap();
    let read = std::io::Read::read(stream, &mut [0]);
    assert_eq!(read.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    stream.set_nonblocking(false).unwrap();
}

#[test]
fn repeated_steps_lead_back_to_the_program_as_built_and_numbers_lead_forward() {
    let folder = private_folder();
    let mut process = Process::start(folder.path(), Some("secret"));
    let mut stream = process.attach();
    let built = history(&mut stream);
    assert_eq!((built.generations.len(), built.left_out), (1, 0));
    assert_eq!(
        (built.generations[0].number, built.generations[0].origin),
        (0, Origin::Built)
    );
    let nothing = exchange(&mut stream, &Request::RollBack { to: None });
    assert_eq!(refusal_code(nothing), "HP0606");

    let ids = [11, 12, 13].map(|value| apply(&mut stream, &folder, value));
    assert_eq!(roll_back(&mut stream, None), (4, 2, Some(ids[1])));
    assert_eq!(process.ask(), "<12>");
    assert_eq!(roll_back(&mut stream, None), (5, 1, Some(ids[0])));
    assert_eq!(process.ask(), "<11>");
    assert_eq!(roll_back(&mut stream, None), (6, 0, None));
    assert_eq!(process.ask(), "<10>");
    let nothing = exchange(&mut stream, &Request::RollBack { to: None });
    let Reply::Refused { code, message } = nothing else {
        panic!("{nothing:?}")
    };
    assert_eq!(code, "HP0606");
    assert!(message.contains("no generation before it"), "{message}");

    assert_eq!(roll_back(&mut stream, Some(3)), (7, 3, Some(ids[2])));
    assert_eq!(process.ask(), "<13>");
    assert_eq!(roll_back(&mut stream, None), (8, 2, Some(ids[1])));
    // What follows on a roll-back goes back to what was live then, not to what was rolled back from.
    let fourth = apply(&mut stream, &folder, 14);
    assert_eq!(roll_back(&mut stream, None), (10, 2, Some(ids[1])));
    assert_eq!(process.ask(), "<12>");

    let missing = exchange(&mut stream, &Request::RollBack { to: Some(99) });
    let Reply::Refused { code, message } = missing else {
        panic!("{missing:?}")
    };
    assert_eq!(code, "HP0606");
    assert!(message.ends_with("0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"), "{message}");

    let described = history(&mut stream).generations;
    let origins: Vec<_> = described.iter().map(|generation| generation.origin).collect();
    let [first, second, third] = ids.map(Origin::Patch);
    assert_eq!(
        origins,
        [
            Origin::Built,
            first,
            second,
            third,
            Origin::RollBack(2),
            Origin::RollBack(1),
            Origin::RollBack(0),
            Origin::RollBack(3),
            Origin::RollBack(2),
            Origin::Patch(fourth),
            Origin::RollBack(2)
        ]
    );
    assert!(
        described
            .iter()
            .skip(1)
            .all(|generation| generation.functions == ["test::one"])
    );
    assert!(described.is_sorted_by_key(|generation| generation.since));
    process.end();
}

#[test]
fn who_waits_is_told_of_the_next_generation() {
    let folder = private_folder();
    let mut process = Process::start(folder.path(), Some("secret"));
    let (mut client, mut other) = (process.attach(), process.attach());
    // Nothing to wait for: an answer at once.
    await_after(&mut client, u64::MAX);
    assert_eq!(told(&mut client).generation.number, 0);
    await_after(&mut client, 0);
    // The server has both requests, in this order.
    exchange(&mut other, &Request::Status);
    expect_silence(&mut client);

    let patch = apply(&mut other, &folder, 11);
    let live = told(&mut client);
    assert_eq!(
        (live.generation.number, live.generation.head, &live.patches[..]),
        (1, Some(patch), &[patch][..])
    );
    // What happened between two requests is not missed.
    roll_back(&mut other, None);
    await_after(&mut client, 1);
    let live = told(&mut client);
    assert_eq!(
        (
            live.generation.number,
            live.generation.origin,
            live.generation.head
        ),
        (2, Origin::RollBack(0), None)
    );
    assert_eq!(live.patches, [patch]);
    // By the program itself, on a thread of its own.
    await_after(&mut client, 2);
    exchange(&mut other, &Request::Status);
    expect_silence(&mut client);
    process.tell(b"b");
    assert_eq!(told(&mut client).generation.origin, Origin::RollBack(1));
    assert_eq!(process.ask(), "<11>");
    // It can ask other things in between.
    assert_eq!(history(&mut client).generations.len(), 4);
    process.end();
}

#[test]
fn who_waits_and_says_more_is_disconnected_and_holds_up_nobody() {
    let folder = private_folder();
    let mut process = Process::start(folder.path(), Some("secret"));
    let mut talkative = process.attach();
    await_after(&mut talkative, 0);
    send(&mut talkative, &Request::Status.encode());
    expect_close(&mut talkative);
    let mut half = process.attach();
    await_after(&mut half, 0);
    half.write_all(&[1]).unwrap();
    expect_close(&mut half);
    // One that hangs up, one that closes half of its connection, one that never reads, and all the places taken.
    let mut gone = process.attach();
    await_after(&mut gone, 0);
    drop(gone);
    let mut closed = process.attach();
    await_after(&mut closed, 0);
    closed.shutdown(std::net::Shutdown::Write).unwrap();
    expect_close(&mut closed);
    let mut waiting: Vec<UnixStream> = (0..31)
        .map(|_| {
            let mut stream = process.attach();
            await_after(&mut stream, 0);
            stream
        })
        .collect();
    let mut last = process.attach();
    let patch = apply(&mut last, &folder, 11);
    for stream in &mut waiting {
        assert_eq!(told(stream).generation.head, Some(patch));
    }
    // Without a token nobody is told anything.
    drop(waiting);
    let mut stranger = process.connect();
    assert_eq!(
        refusal_code(exchange(&mut stranger, &Request::Await { generation: u64::MAX })),
        "HP0502"
    );
    for request in [Request::RollBack { to: None }, Request::History] {
        let mut stranger = process.connect();
        assert_eq!(refusal_code(exchange(&mut stranger, &request)), "HP0502");
    }
    assert_eq!(process.ask(), "<11>");
    process.end();
}

#[test]
fn a_forked_child_does_not_wake_the_server_of_its_parent() {
    let folder = private_folder();
    let mut process = Process::start_with_mode(folder.path(), "fork");
    let mut stream = process.attach();
    await_after(&mut stream, 0);
    let patch = apply(&mut process.attach(), &folder, 11);
    assert_eq!(told(&mut stream).generation.head, Some(patch));
    process.child.kill().unwrap();
    process.child.wait().unwrap();
    expect_close(&mut stream);
}

#[test]
fn the_environment_says_how_many_generations_are_kept() {
    let folder = private_folder();
    let start = |keep: &str| {
        Process::start_with(folder.path(), |command| {
            command
                .env(CONTROL_DIR_VAR, folder.path())
                .env(CONTROL_TOKEN_VAR, "secret")
                .env(KEEP_GENERATIONS_VAR, keep);
        })
    };
    let process = start("2");
    let mut stream = process.attach();
    for value in 11..16 {
        apply(&mut stream, &folder, value);
    }
    let numbers = |history: History| -> Vec<u64> {
        let generations = history.generations.iter();
        generations.map(|generation| generation.number).collect()
    };
    assert_eq!(numbers(history(&mut stream)), [0, 3, 4, 5]);
    let refused = exchange(&mut stream, &Request::RollBack { to: Some(2) });
    let Reply::Refused { code, message } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(code, "HP0606");
    assert!(
        message.contains("generation 2 is not kept") && message.ends_with("0, 3, 4, 5"),
        "{message}"
    );
    // One step back is to one that is kept, or is refused: never further than asked.
    assert_eq!(roll_back(&mut stream, None).1, 4);
    assert_eq!(numbers(history(&mut stream)), [0, 4, 5, 6]);
    let refused = exchange(&mut stream, &Request::RollBack { to: None });
    assert_eq!(refusal_code(refused), "HP0606");
    assert_eq!(process.end(), "");

    for wrong in ["0", "many", "-1", ""] {
        let text = start(wrong).end();
        assert!(
            text.contains("`HOTPATCH_KEEP_GENERATIONS` is `") && text.contains("64 generations are kept"),
            "{text}"
        );
    }
}

#[test]
fn the_functions_of_a_long_history_fit_into_a_message() {
    let folder = private_folder();
    let process = Process::start(folder.path(), Some("secret"));
    let mut stream = process.attach();
    // Each record has a megabyte of names.
    let (dylib, mut manifest) = crate::support::returning_parts(&[(&ONE, 11)]);
    manifest.published[0].path = "x".repeat(1 << 20);
    let path = folder.path().join("long.so");
    dylib.seal(&path, &manifest);
    let path = path.to_str().unwrap().to_owned();
    for _ in 0..6 {
        let reply = exchange(&mut stream, &Request::Apply { path: path.clone() });
        assert!(matches!(reply, Reply::Applied { .. }));
    }
    let history = history(&mut stream);
    let numbers: Vec<u64> = history
        .generations
        .iter()
        .map(|generation| generation.number)
        .collect();
    assert_eq!((numbers, history.left_out), (vec![0, 6], 5));
    process.end();
}
