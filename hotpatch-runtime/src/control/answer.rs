//! The answer to each request.

use std::process;

use hotpatch_abi::code;
use hotpatch_abi::frame::{FunctionStatus, Identity, ImageStatus, Reply, Request, Status};
use hotpatch_abi::version::ABI_VERSION;

use super::client::Trust;
use crate::platform::Program;
use crate::refusal::Refusal;
use crate::scope::Scope;
use crate::table::Table;
use crate::{apply, functions, images};

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
                nanos: u64::try_from(applied.elapsed.as_nanos()).unwrap_or(u64::MAX),
            },
            Err(refusal) => refused(refusal),
        },
        (Trust::Known, Request::Status) => Reply::Status(status()),
        _ => {
            *trust = Trust::Refused;
            refused(Refusal::new(
                code::PEER,
                "the first message, and only the first, presents the token",
            ))
        }
    }
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
