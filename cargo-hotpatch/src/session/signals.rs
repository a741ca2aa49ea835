//! The signals that the tool gets while a program runs.
//!
//! The terminal sends Ctrl-C and Ctrl-\ to the program too, so the tool must survive them and wait for what the
//! program does. A process that sends a signal means the tool alone, which hands it on. Signals are caught, not ignored:
//! an ignored signal would stay ignored in the program.

use std::sync::mpsc::Sender;
use std::thread;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::inbox::Message;

/// A signal that the tool got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) signal: i32,
    /// The program did not get it too.
    pub(super) for_program: bool,
}

impl From<Origin> for Received {
    fn from(origin: Origin) -> Self {
        let ends_program = [SIGTERM, SIGHUP].contains(&origin.signal);
        Self {
            signal: origin.signal,
            for_program: ends_program || matches!(origin.cause, Cause::Sent(_)),
        }
    }
}

/// Turns signals into messages from now on.
pub(super) fn listen(sender: Sender<Message>) -> Result<()> {
    let mut signals =
        SignalsInfo::<WithOrigin>::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP]).context("cannot catch signals")?;
    thread::spawn(move || {
        for origin in signals.forever() {
            if sender.send(Message::Signal(origin.into())).is_err() {
                return;
            }
        }
    });
    Ok(())
}
