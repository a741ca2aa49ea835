//! The signals that the tool gets while a program runs.
//!
//! The terminal sends Ctrl-C and Ctrl-\ to the program too, so the tool must survive them and wait for what the
//! program does. A process that sends a signal means the tool alone, which hands it on. Signals are caught, not ignored:
//! an ignored signal would stay ignored in the program.
//!
//! Where the tool takes keys, Ctrl-Z stops it only after it has given the terminal back.

use std::sync::mpsc::Sender;
use std::thread;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::emulate_default_handler;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::inbox::Message;
use crate::keyboard::Keyboard;

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
pub(super) fn listen(sender: Sender<Message>, keyboard: Option<Keyboard>) -> Result<()> {
    let mut signals =
        SignalsInfo::<WithOrigin>::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP]).context("cannot catch signals")?;
    if keyboard.is_some() {
        for signal in [SIGTSTP, SIGCONT] {
            signals.add_signal(signal).context("cannot catch signals")?;
        }
    }
    thread::spawn(move || {
        for origin in signals.forever() {
            match (origin.signal, &keyboard) {
                (SIGTSTP, Some(keyboard)) => {
                    keyboard.suspend();
                    // It stops this process, which goes on here.
                    let _ = emulate_default_handler(SIGTSTP);
                    keyboard.resume();
                }
                (SIGCONT, Some(keyboard)) => keyboard.resume(),
                _ => {
                    if sender.send(Message::Signal(origin.into())).is_err() {
                        return;
                    }
                }
            }
        }
    });
    Ok(())
}
