//! `cargo hotpatch apply`: gives a patch file to a running process.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::channel::{Answer, Channel, told};
use crate::refusal::Exit;
use crate::running;
use crate::terminal::{Terminal, counted, listed};

/// Applies.
pub(crate) fn run(pid: u32, file: &Path) -> Result<ExitCode> {
    let terminal = Terminal::new();
    let process = running::find(pid)?;
    let file =
        std::fs::canonicalize(file).with_context(|| format!("cannot read the patch `{}`", file.display()))?;
    let (channel, _) = Channel::open(&process.socket.path, &process.token)?;
    match channel.apply(&file)? {
        Answer::Applied {
            generation,
            functions,
            notes,
        } => {
            let count = counted(functions.len(), "function");
            let names = listed(&functions);
            terminal.status(
                "Patched",
                format_args!("{count} of process {pid}: {names} (generation {generation})"),
            );
            terminal.notes(&told(pid, &notes));
            Ok(ExitCode::SUCCESS)
        }
        Answer::Refused { code, message } => {
            terminal.coded_error(&code, format_args!("process {pid} refused the patch: {message}"));
            Err(Exit(101).into())
        }
    }
}
