//! The answer to each request.

use std::process;
use std::time::Duration;

use hotpatch_abi::code;
use hotpatch_abi::frame::{FunctionStatus, Identity, ImageStatus, MAX_LEN, Reply, Request, Status};
use hotpatch_abi::generation::{GenerationStatus, History, Live};
use hotpatch_abi::version::ABI_VERSION;

use super::client::Trust;
use crate::platform::Program;
use crate::refusal::Refusal;
use crate::report::{Migrated, StillInside};
use crate::scope::Scope;
use crate::table::Table;
use crate::{apply, functions, generation, history, images};

/// Answers one request of a client, whose trust may change with it.
pub(super) fn answer(token: &str, trust: &mut Trust, request: Request) -> Reply {
    match (*trust, request) {
        (
            Trust::Unknown,
            Request::Hello {
                abi_version,
                token: presented,
            },
        ) => {
            let verdict = check(token, abi_version, &presented);
            *trust = if verdict.is_ok() {
                Trust::Known
            } else {
                Trust::Refused
            };
            verdict.map_or_else(refused, |()| Reply::Welcome(identity()))
        }
        (Trust::Known, Request::Apply { path }) => match apply(path) {
            Ok(applied) => Reply::Applied {
                generation: applied.generation,
                patch: applied.patch,
                functions: applied.functions,
                nanos: nanos(applied.elapsed),
                notes: notes(&applied.migrated, &applied.still_inside),
            },
            Err(refusal) => refused(refusal),
        },
        (Trust::Known, Request::Status) => Reply::Status(status()),
        (Trust::Known, Request::RollBack { to }) => match history::go(to) {
            Ok((back, head)) => Reply::RolledBack {
                generation: back.generation,
                to: back.to,
                head,
                functions: back.functions,
                nanos: nanos(back.elapsed),
                notes: notes(&back.migrated, &back.still_inside),
            },
            Err(refusal) => refused(refusal),
        },
        (Trust::Known, Request::History) => Reply::History(recent(history::described())),
        _ => {
            *trust = Trust::Refused;
            refused(Refusal::new(
                code::PEER,
                "the first message, and only the first, presents the token",
            ))
        }
    }
}

/// What is live, if it is another generation than the one that the client knows.
pub(super) fn answer_to_await(known: u64) -> Option<Reply> {
    // Its record may still be on the way: who makes it wakes the server afterwards.
    let generation = (generation() != known).then(history::live)?;
    if generation.number == known {
        return None;
    }
    let scope = Scope::open();
    let images = Table::live(&scope).images.iter();
    let patches = images.map(|image| image.patch).collect();
    Some(Reply::Live(Live { generation, patches }))
}

/// As much of the history as fits into a message, the newest first; generation 0 always does.
fn recent(mut generations: Vec<GenerationStatus>) -> History {
    let size = |generation: &GenerationStatus| {
        let functions = generation.functions.iter();
        64 + functions.map(|function| function.len() + 4).sum::<usize>()
    };
    let mut room = MAX_LEN / 2;
    let fitting = generations.iter().rev().take_while(|generation| {
        let left = room.checked_sub(size(generation));
        room = left.unwrap_or(room);
        left.is_some()
    });
    // Generation 0 has no functions, and what is live counts before anything else.
    let left_out = generations.len().saturating_sub(fitting.count().max(1));
    let first = usize::from(left_out > 0);
    generations.drain(first..left_out);
    let left_out = left_out.saturating_sub(first) as u64;
    History {
        generations,
        left_out,
    }
}

/// What there is to say besides: sentences without their subject.
fn notes(migrated: &[Migrated], still_inside: &[StillInside]) -> Vec<String> {
    let migrated = migrated.iter().map(|of| format!("has migrated {of}"));
    let threads: Vec<_> = still_inside.iter().map(ToString::to_string).collect();
    let waited = (!threads.is_empty()).then(|| {
        format!(
            "has waited long enough for running calls, which finish on old code: {}",
            threads.join(", ")
        )
    });
    migrated.chain(waited).collect()
}

fn nanos(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

fn check(token: &str, abi_version: u32, presented: &str) -> Result<(), Refusal> {
    if abi_version != ABI_VERSION {
        return Err(Refusal::new(
            code::ABI,
            format!(
                "the tool speaks version {abi_version} of the control channel, this process {ABI_VERSION}; use the `cargo hotpatch` of the version that the program depends on"
            ),
        ));
    }
    if presented != token {
        return Err(Refusal::new(
            code::PEER,
            "the token is not the one of this run; use the session that started this process",
        ));
    }
    Ok(())
}

fn refused(refusal: Refusal) -> Reply {
    Reply::Refused {
        code: refusal.code().to_string(),
        message: refusal.message().into(),
    }
}

fn identity() -> Identity {
    let scope = Scope::open();
    let table = Table::live(&scope);
    let program = Program::get();
    Identity {
        abi_version: ABI_VERSION,
        pid: process::id(),
        build_id: program.build_id.clone(),
        program: program.path.display().to_string(),
        generation: table.generation,
        head: table.head,
    }
}

fn status() -> Status {
    let functions = functions().into_iter().map(|function| FunctionStatus {
        path: function.name,
        signature: function.signature,
        generation: function.generation,
        address: function.address.map_or(0, |address| address.0 as u64),
        image: function.image.display().to_string(),
    });
    let functions = functions.collect();
    let images = images().into_iter().map(|image| ImageStatus {
        path: image.path.display().to_string(),
        bytes: image.bytes,
        resident: image.resident.iter().map(ToString::to_string).collect(),
    });
    let images = images.collect();
    Status {
        identity: identity(),
        functions,
        images,
    }
}
