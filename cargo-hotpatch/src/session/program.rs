//! The program of a session: how it is started, and what its end means.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread;

use anyhow::{Context, Result};
use hotpatch_abi::names::{CONTROL_DIR_VAR, CONTROL_TOKEN_VAR};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts;

use super::inbox::Message;
use super::keys::Keys;
use crate::caller_env::{LIBRARY_PATH, set_by_cargo};
use crate::capture::Capture;
use crate::control_dir::ControlDir;
use crate::interrupt::Interrupt;
use crate::process_tree;

/// A running program.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) pid: u32,
}

/// How the tool ends after the program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With the exit code of the program.
    Code(u8),
    /// By the signal that ended the program.
    Signal(i32),
}

/// What the end of a program means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The program is done, or someone ended it.
    Over(Ending),
    /// It crashed: its author will want to mend it and see it again.
    Crashed(i32),
}

impl Program {
    /// Starts the program; its end becomes a message.
    pub(super) fn start(mut command: Command, sender: Sender<Message>, interrupt: Interrupt) -> Result<Self> {
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot run `{}`", command.get_program().display()))?;
        let pid = child.id();
        thread::spawn(move || {
            // Waiting fails only for a process that is not a child.
            let status = child.wait().unwrap_or_default();
            interrupt.request();
            let _ = sender.send(Message::Exited(status));
        });
        Ok(Self { pid })
    }

    /// Hands on a signal.
    pub(super) fn signal(&self, number: i32) {
        if let Some(named) = Signal::from_named_raw(number) {
            signal(self.pid, named);
        }
    }

    /// Does what Ctrl-C does: everything that the program has started gets it too, unless it has a group of its own.
    pub(super) fn interrupt(&self) {
        let group = process_tree::group_of(self.pid);
        for pid in process_tree::tree(self.pid) {
            if process_tree::group_of(pid) == group {
                signal(pid, Signal::INT);
            }
        }
    }
}

/// Sends a signal. The process may just have ended.
pub(super) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// What to start.
pub(super) fn command(
    executable: &Path,
    args: &[OsString],
    env: BTreeMap<OsString, OsString>,
    control: &ControlDir,
    keys: Keys,
) -> Command {
    let mut command = Command::new(executable);
    command
        .args(args)
        .env_clear()
        .envs(env)
        .env(CONTROL_DIR_VAR, control.path())
        .env(CONTROL_TOKEN_VAR, control.token());
    if keys == Keys::Always {
        command.stdin(Stdio::null());
    }
    command
}

/// The program and its arguments as a shell would take them.
pub(super) fn command_line(executable: &Path, args: &[OsString]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/,.+:@%".contains(c);
    let quoted = |word: &OsStr| {
        let word = word.to_string_lossy();
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    let args = args.iter().map(OsString::as_os_str);
    let words = std::iter::once(executable.as_os_str()).chain(args);
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// What the end of a program means.
pub(super) fn meaning(status: ExitStatus) -> Meaning {
    const WANTED: [i32; 5] = [
        consts::SIGINT,
        consts::SIGTERM,
        consts::SIGHUP,
        consts::SIGQUIT,
        consts::SIGPIPE,
    ];
    match (status.code(), status.signal()) {
        (Some(code), _) => Meaning::Over(Ending::Code(u8::try_from(code).unwrap_or(101))),
        (None, Some(signal)) if WANTED.contains(&signal) => Meaning::Over(Ending::Signal(signal)),
        (None, signal) => Meaning::Crashed(signal.unwrap_or(0)),
    }
}

/// The environment that `cargo run` would give: the caller's, and what cargo adds for the package.
pub(crate) fn environment(
    caller: &BTreeMap<OsString, OsString>,
    unit: &Capture,
) -> BTreeMap<OsString, OsString> {
    // Only rustc gets these; the program does not.
    const FOR_RUSTC: [&str; 4] = [
        "CARGO_CRATE_NAME",
        "CARGO_BIN_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
    ];
    let mut env = caller.clone();
    let added = unit
        .added
        .iter()
        .filter(|name| !FOR_RUSTC.contains(&name.as_str()) && *name != LIBRARY_PATH);
    for (name, value) in added.filter_map(|name| Some((name, unit.env.get(name)?))) {
        env.insert(name.into(), value.into());
    }
    for (name, value) in unit
        .env
        .iter()
        .filter(|(name, _)| *name == "CARGO" || set_by_cargo(name))
    {
        if !FOR_RUSTC.contains(&name.as_str()) {
            env.insert(name.into(), value.into());
        }
    }
    if let Some(paths) = library_path(caller.get(OsStr::new(LIBRARY_PATH)), unit) {
        env.insert(LIBRARY_PATH.into(), paths);
    }
    env
}

/// The folders that `cargo run` puts in front of the loader's search path: those of native libraries that builds
/// made, the artifacts, and the libraries of the toolchain.
fn library_path(caller: Option<&OsString>, unit: &Capture) -> Option<OsString> {
    let deps = unit.args.out_dir()?;
    let artifacts = deps.parent()?;
    let native = unit
        .args
        .values("-L")
        .filter_map(|search| match search.split_once('=') {
            Some(("dependency" | "crate" | "framework", _)) => None,
            Some((_, path)) => Some(PathBuf::from(path)),
            None => Some(PathBuf::from(search)),
        });
    let mut paths: Vec<PathBuf> = native.filter(|path| path.starts_with(artifacts)).collect();
    paths.extend([artifacts.to_owned(), deps.to_owned()]);
    let toolchain = unit.rustc.parent().and_then(Path::parent).map(|sysroot| {
        sysroot
            .join("lib/rustlib")
            .join(crate::obstacle::TARGET)
            .join("lib")
    });
    paths.extend(toolchain.filter(|path| path.is_dir()));
    paths.extend(caller.into_iter().flat_map(std::env::split_paths));
    std::env::join_paths(paths).ok()
}

/// The name of a signal that ends a process.
pub(super) fn signal_name(signal: i32) -> &'static str {
    signal_hook::low_level::signal_name(signal).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_shown_as_a_shell_takes_them() {
        let args = ["--port=80", "two words", "it's", ""].map(OsString::from);
        assert_eq!(
            command_line(Path::new("t/game"), &args),
            r"t/game --port=80 'two words' 'it'\''s' ''"
        );
    }

    #[test]
    fn only_a_crash_keeps_the_session() {
        let check = |raw: i32, expected| assert_eq!(meaning(ExitStatus::from_raw(raw)), expected);
        check(3 << 8, Meaning::Over(Ending::Code(3)));
        check(consts::SIGINT, Meaning::Over(Ending::Signal(consts::SIGINT)));
        check(consts::SIGSEGV, Meaning::Crashed(consts::SIGSEGV));
        check(consts::SIGKILL, Meaning::Crashed(consts::SIGKILL));
    }
}
