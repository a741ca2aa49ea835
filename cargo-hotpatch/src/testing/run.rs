//! A run of a test binary. Its output goes to the user as it comes, and is read along.

use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::process_tree;

/// A process that a test left behind may keep the output open. So long is waited for the end of it.
const LAST_OUTPUT: Duration = Duration::from_millis(300);

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

/// A running test binary.
#[derive(Debug)]
pub(crate) struct Running {
    pid: u32,
}

impl Running {
    /// Starts a test binary; `report` is called at its end, on another thread.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(crate) fn start(mut command: Command, report: impl FnOnce(Ran) + Send + 'static) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run `{}`", command.get_program().display()))?;
        let pid = child.id();
        let mut stdout = child
            .stdout
            .take()
            .context("the test binary has no standard output")?;
        let (sender, end) = channel();
        let output = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&output);
        thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(length @ 1..) = stdout.read(&mut bytes) {
                // Nobody is left to read when standard output is closed.
                let mut out = std::io::stdout().lock();
                let _ = out.write_all(&bytes[..length]).and_then(|()| out.flush());
                let mut read = shared.lock().unwrap_or_else(PoisonError::into_inner);
                read.extend_from_slice(&bytes[..length]);
            }
            let _ = sender.send(());
        });
        thread::spawn(move || {
            // Waiting fails only for a process that is not a child.
            let status = child.wait().unwrap_or_default();
            let _ = end.recv_timeout(LAST_OUTPUT);
            let output = output.lock().unwrap_or_else(PoisonError::into_inner);
            report(Ran {
                status,
                output: String::from_utf8_lossy(&output).into_owned(),
            });
        });
        Ok(Self { pid })
    }

    /// Ends it, with the processes that it started.
    pub(crate) fn kill(&self) {
        for pid in process_tree::tree(self.pid) {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                // It may have ended by itself.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}
