//! Requests and replies are read as they were written.

use alloc::vec;

use super::*;
use crate::generation::{GenerationStatus, Origin};

fn identity() -> Identity {
    Identity {
        abi_version: 1,
        pid: 42,
        build_id: vec![0xab; 20],
        program: "/bin/game".into(),
        generation: 3,
        head: Some(PatchId(9)),
    }
}

#[test]
fn requests_round_trip() {
    for request in [
        Request::Hello {
            abi_version: 1,
            token: "t".into(),
        },
        Request::Apply {
            path: "/tmp/p.so".into(),
        },
        Request::Status,
        Request::RollBack { to: None },
        Request::RollBack { to: Some(3) },
        Request::History,
        Request::Await { generation: u64::MAX },
    ] {
        assert_eq!(Request::decode(&request.encode()), Ok(request));
    }
}

#[test]
fn replies_round_trip() {
    let function = FunctionStatus {
        path: "game::step".into(),
        signature: "fn step()".into(),
        generation: 2,
        address: 0x1000,
        image: "/tmp/p.so".into(),
    };
    for reply in [
        Reply::Welcome(identity()),
        Reply::Applied {
            generation: 1,
            patch: PatchId(2),
            functions: vec!["a".into()],
            nanos: 5,
            notes: vec!["`worker` (7) in `a`".into()],
        },
        Reply::Refused {
            code: "HP0101".into(),
            message: "no".into(),
        },
        Reply::Status(Status {
            identity: identity(),
            functions: vec![function],
            images: vec![ImageStatus {
                path: "/tmp/p.so".into(),
                bytes: 12288,
                resident: vec!["the live generation runs it".into()],
            }],
        }),
        Reply::RolledBack {
            generation: 3,
            to: 1,
            head: None,
            functions: vec!["a".into()],
            nanos: 5,
            notes: vec!["`worker` (7) in `a`".into()],
        },
        Reply::History(history()),
        Reply::Live(Live {
            generation: history().generations.remove(1),
            patches: vec![PatchId(1), PatchId(2)],
        }),
    ] {
        assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
    }
}

fn history() -> History {
    let generation = |number, origin| GenerationStatus {
        number,
        origin,
        head: (number > 0).then_some(PatchId(7)),
        functions: vec!["game::step".into()],
        since: 1_700_000_000_000,
    };
    History {
        generations: vec![
            generation(0, Origin::Built),
            generation(1, Origin::Patch(PatchId(7))),
            generation(3, Origin::RollBack(1)),
        ],
        left_out: 1,
    }
}

#[test]
fn a_hostile_count_is_an_error() {
    for bytes in [
        &[
            2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255,
        ][..],
        &[6, 255, 255, 255, 255],
    ] {
        assert!(Reply::decode(bytes).is_err());
    }
}

/// What is cut short, or has one more byte, is no message; what is flipped is one or is none.
#[test]
fn hostile_bytes_are_no_message() {
    let messages = [
        Request::RollBack { to: Some(3) }.encode(),
        Request::Await { generation: 3 }.encode(),
    ];
    for bytes in &messages {
        for len in 0..bytes.len() {
            assert!(Request::decode(&bytes[..len]).is_err(), "{len} of {bytes:?}");
        }
        assert!(Request::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
    // Neither absent nor present.
    assert!(Request::decode(&[4, 2, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
    assert!(Request::decode(&[7]).is_err());
    let whole = Reply::History(history()).encode();
    for at in 0..whole.len() {
        assert!(Reply::decode(&whole[..at]).is_err(), "{at}");
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            let _ = Reply::decode(&flipped);
        }
    }
}
