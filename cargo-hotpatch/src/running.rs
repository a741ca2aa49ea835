//! Finds running processes with a control channel: those of this user's sessions, also after their session ended.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use hotpatch_abi::code;
use hotpatch_abi::names::{CONTROL_DIR_VAR, CONTROL_TOKEN_VAR};

use crate::control_dir::{self, Socket};
use crate::refusal::Refusal;

/// A process and how to speak to it.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// Its control channel.
    pub(crate) socket: Socket,
    /// What a client must present.
    pub(crate) token: String,
}

/// All processes, by process id.
pub(crate) fn all() -> Vec<Running> {
    let found = control_dir::all().into_iter().flat_map(|(dir, token)| {
        control_dir::sockets(&dir).into_iter().map(move |socket| Running {
            socket,
            token: token.clone(),
        })
    });
    let by_pid: BTreeMap<u32, Running> = found.map(|running| (running.socket.pid, running)).collect();
    by_pid.into_values().collect()
}

/// One process.
///
/// # Errors
///
/// It does not exist, belongs to someone else, or has no control channel.
pub(crate) fn find(pid: u32) -> Result<Running> {
    if !control_dir::is_alive(pid) {
        bail!("there is no process {pid}");
    }
    if let Some(running) = all().into_iter().find(|running| running.socket.pid == pid) {
        return Ok(running);
    }
    let environ = std::fs::read(format!("/proc/{pid}/environ")).map_err(|error| {
        let message = format!("cannot read how process {pid} was started: {error}");
        Refusal::new(code::NOT_ATTACHED, message)
            .help(
                "only processes of your own user can be patched; `cargo hotpatch status` lists those that take patches",
            )
    })?;
    let (Some(dir), Some(token)) = (
        variable(&environ, CONTROL_DIR_VAR),
        variable(&environ, CONTROL_TOKEN_VAR),
    ) else {
        let message = format!("process {pid} has no control channel");
        return Err(Refusal::new(code::NOT_ATTACHED, message)
            .help("start it with `cargo hotpatch run`; `cargo hotpatch status` lists those that take patches")
            .into());
    };
    let sockets = control_dir::sockets(&PathBuf::from(dir));
    let socket = sockets
        .into_iter()
        .find(|socket| socket.pid == pid)
        .ok_or_else(|| {
            let message = format!("process {pid} did not open its control channel");
            Refusal::new(code::NOT_ATTACHED, message)
                .help("check that it depends on `hotpatch` with default features")
        })?;
    Ok(Running { socket, token })
}

fn variable(environ: &[u8], name: &str) -> Option<String> {
    let assignments = environ
        .split(|byte| *byte == 0)
        .filter_map(|entry| std::str::from_utf8(entry).ok());
    assignments
        .filter_map(|entry| entry.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_found_among_others() {
        let environ = b"A=1\0HOTPATCH_CONTROL_DIR=/run/x=y\0\xff=2\0";
        assert_eq!(variable(environ, CONTROL_DIR_VAR).as_deref(), Some("/run/x=y"));
        assert_eq!(variable(environ, CONTROL_TOKEN_VAR), None);
    }

    #[test]
    fn a_process_without_channel_is_named() {
        let error = find(std::process::id()).unwrap_err();
        assert_eq!(
            error.downcast_ref::<Refusal>().map(Refusal::code),
            Some(code::NOT_ATTACHED)
        );
        assert!(find(0).unwrap_err().to_string().contains("no process 0"));
    }
}
