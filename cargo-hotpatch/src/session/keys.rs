//! The keys while a program runs.

use std::io::IsTerminal;
use std::sync::mpsc::Sender;

use anyhow::{Context, Result, bail};

use super::delivery::Step;
use super::inbox::Message;
use super::main_loop::Session;
use crate::events::RestartReason;
use crate::keyboard::{Input, Keyboard, Owned, Reason};

const KEYS: &str = "r restart, b back, f forward, s status, q quit, ? help";

/// Whether the tool takes keys from the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keys {
    /// As long as the program does not read the terminal.
    #[default]
    Auto,
    /// Always: the program has no input.
    Always,
    /// Never.
    Never,
}

impl Keys {
    /// As `--keys` and `--no-keys` say.
    ///
    /// # Errors
    ///
    /// There is no terminal to take keys from.
    pub(crate) fn new(always: bool, never: bool) -> Result<Self> {
        if always && !std::io::stdin().is_terminal() {
            bail!("`--keys` needs a terminal, and standard input is none");
        }
        Ok(match (always, never) {
            (true, _) => Self::Always,
            (_, true) => Self::Never,
            _ => Self::Auto,
        })
    }

    /// The keyboard, where there is one to take.
    pub(super) fn open(self, sender: Sender<Message>) -> Result<Option<(Keyboard, Owned)>> {
        let report = move |input| drop(sender.send(Message::Keyboard(input)));
        match self {
            Self::Never => Ok(None),
            Self::Always => Keyboard::open(true, report)
                .map(Some)
                .context("cannot take keys from the terminal"),
            Self::Auto if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => {
                Ok(Keyboard::open(false, report).ok())
            }
            Self::Auto => Ok(None),
        }
    }
}

impl Session {
    /// Something about the keyboard, or a key.
    pub(super) fn keyboard(&mut self, input: Input) {
        match input {
            Input::On => {
                if !std::mem::replace(&mut self.keys_were_shown, true) {
                    self.terminal().status("Keys", KEYS);
                }
                self.keys_are_on = true;
                self.ask();
            }
            Input::Off(reason) => self.keys_off(reason),
            Input::Key(key) => self.key(key),
        }
    }

    fn keys_off(&mut self, reason: Reason) {
        let asked = self.question.is_some();
        self.withdraw();
        (self.keyboard, self.keys_are_on) = (None, false);
        let why = match reason {
            Reason::Read => "the program reads the terminal (`--keys` takes them all the same)",
            Reason::Mode => "another program has changed the mode of the terminal",
            Reason::Unknown => {
                "whether the program reads the terminal cannot be seen here (`--keys` takes them)"
            }
            Reason::Gone => return,
        };
        self.terminal().status("Keys", format_args!("off: {why}"));
        if let Some(advice) = self.advice().filter(|_| asked) {
            self.terminal().help(advice);
        }
    }

    fn key(&mut self, key: char) {
        if self.answer(key) {
            return;
        }
        match key {
            'r' => self.begin_restart(RestartReason::Key, None),
            'b' | 'u' => self.step(Step::Back),
            'f' => self.step(Step::Forward),
            's' => self.show_status(),
            'q' => self.quit(),
            '?' => self.terminal().report("Keys", KEYS),
            _ => return,
        }
        self.ask();
    }
}
