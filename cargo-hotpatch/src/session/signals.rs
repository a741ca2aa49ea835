//! The signals that the tool gets while a program runs.
//!
//! The terminal sends Ctrl-C and Ctrl-\ to the program too, so the tool must survive them and wait for what the
//! program does. They are caught, not ignored: an ignored signal would stay ignored in the program.

use std::sync::mpsc::Sender;
use std::thread;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::inbox::Message;

/// Turns signals into messages from now on.
pub(super) fn listen(sender: Sender<Message>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP]).context("cannot catch signals")?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if sender.send(Message::Signal(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}
