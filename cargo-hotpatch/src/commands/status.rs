//! `cargo hotpatch status`: shows the hot functions of running processes.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use hotpatch_abi::frame::{ImageStatus, Reply, Request, Status};

use crate::channel::Channel;
use crate::running::{self, Running};
use crate::terminal::{Terminal, counted};

/// Shows.
pub(crate) fn run(pid: Option<u32>) -> Result<ExitCode> {
    let processes = match pid {
        Some(pid) => vec![running::find(pid)?],
        None => running::all(),
    };
    if processes.is_empty() {
        bail!("no process with hot functions is running: start one with `cargo hotpatch run`");
    }
    let mut failed = false;
    for process in processes {
        match ask(&process) {
            Ok(status) => {
                let _ = std::io::stdout().write_all(text(&status).as_bytes());
            }
            Err(error) => {
                failed = true;
                Terminal::new().error(format_args!("process {}: {error:#}", process.socket.pid));
            }
        }
    }
    Ok(if failed {
        ExitCode::from(101)
    } else {
        ExitCode::SUCCESS
    })
}

fn ask(process: &Running) -> Result<Status> {
    let (channel, _) = Channel::open(&process.socket.path, &process.token)?;
    match channel.ask(&Request::Status)? {
        Reply::Status(status) => Ok(status),
        Reply::Refused { code, message } => bail!("{code}: {message}"),
        reply => bail!("unexpected answer: {reply:?}"),
    }
}

fn text(status: &Status) -> String {
    let identity = &status.identity;
    let build_id: String = identity
        .build_id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut text = format!(
        "process {}: {}\n  build id {build_id}\n  generation {}, {}, {}\n",
        identity.pid,
        identity.program,
        identity.generation,
        counted(status.functions.len(), "hot function"),
        images(&status.images),
    );
    for function in &status.functions {
        text += &format!(
            "  {} (generation {}): {}\n",
            function.path, function.generation, function.signature
        );
    }
    for image in &status.images {
        let reasons = image.resident.join("; ");
        text += &format!(
            "  image {}: {} KiB: {reasons}\n",
            image.path,
            image.bytes.div_ceil(1024)
        );
    }
    text
}

/// How many images there are, and what they take.
pub(crate) fn images(images: &[ImageStatus]) -> String {
    let count = counted(images.len(), "patch image");
    let bytes: u64 = images.iter().map(|image| image.bytes).sum();
    match images.len() {
        0 => count,
        _ => format!("{count} of {} KiB", bytes.div_ceil(1024)),
    }
}

#[cfg(test)]
mod tests {
    use hotpatch_abi::frame::{FunctionStatus, Identity};

    use super::*;

    #[test]
    fn every_function_with_its_generation() {
        let identity = Identity {
            abi_version: 1,
            pid: 7,
            build_id: vec![0xab, 1],
            program: "/t/game".into(),
            generation: 2,
            head: None,
        };
        let function = FunctionStatus {
            path: "game::step".into(),
            signature: "fn step(world: &mut World)".into(),
            generation: 2,
            address: 0,
            image: String::new(),
        };
        let status = Status {
            identity,
            functions: vec![function],
            images: vec![ImageStatus {
                path: "/t/patch".into(),
                bytes: 20480,
                resident: vec!["the live generation runs it".into(), "held by a handle".into()],
            }],
        };
        let expected = "process 7: /t/game\n  build id ab01\n  generation 2, 1 hot function, 1 patch image of 20 KiB\n  \
                        game::step (generation 2): fn step(world: &mut World)\n  image /t/patch: 20 KiB: \
                        the live generation runs it; held by a handle\n";
        assert_eq!(text(&status), expected);
    }
}
