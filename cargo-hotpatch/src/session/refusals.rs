//! What follows on an edit that only a restart can take: the question to the user, or the answer given in advance.

use clap::ValueEnum;

use super::main_loop::Session;
use super::program::Ending;
use crate::events::{Event, EventPlace, RestartReason};
use crate::refusal::Refusal;

/// The code with which the tool ends on `--on-refusal exit`: neither a code of cargo nor one that programs use.
pub(crate) const EXIT_ON_REFUSAL: u8 = 102;

/// What to do when an edit is refused or needs a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnRefusal {
    /// Build and start the program again
    Restart,
    /// Leave the program as it runs
    Keep,
    /// End the program, then the tool with code 102
    Exit,
}

const QUESTION: &str = "restart? [y]es / [n]o / [a]lways / ne[v]er";

impl Session {
    /// Reports an edit that a restart would take.
    pub(super) fn decline(&mut self, refusal: Refusal) {
        let refusal = match self.advice() {
            Some(advice) => refusal.advise(advice),
            None => refusal.without_advice(),
        };
        self.note_last(format!("refused with {}: {}", refusal.code(), refusal.message()));
        self.call_for_restart(refusal.code().as_str());
        self.refuse(&refusal);
    }

    /// Reports an edit that needs a build of another kind.
    pub(super) fn need_restart(&mut self, refusal: Refusal) {
        let refusal = match self.advice() {
            Some(advice) => refusal.help(advice),
            None => refusal,
        };
        self.note_last(format!(
            "needs a restart, {}: {}",
            refusal.code(),
            refusal.message()
        ));
        self.call_for_restart(refusal.code().as_str());
        self.terminal().refusal(&refusal);
        self.log().record(&Event::RestartNeeded {
            code: refusal.code().as_str(),
            message: refusal.message(),
            place: EventPlace::of(&refusal),
        });
    }

    /// The last edit can only be taken by a restart; the last of these words counts.
    pub(super) fn call_for_restart(&mut self, code: &str) {
        self.called_for = Some(code.to_owned());
    }

    /// What the user can do about it, unless the tool does something by itself.
    pub(super) fn advice(&self) -> Option<&'static str> {
        match self.on_refusal {
            Some(OnRefusal::Restart | OnRefusal::Exit) => None,
            _ if self.keyboard.is_some() => Some("press `r` to restart the program with the edit"),
            _ if std::io::IsTerminal::is_terminal(&std::io::stdin()) => Some(
                "end the program and run the same command again; with `--keys` it can be restarted by a key, with \
                 `--on-refusal restart` it restarts by itself",
            ),
            _ => Some(
                "end the program and run the same command again; with `--on-refusal restart` it restarts by itself",
            ),
        }
    }

    /// Acts on the last edit, once nothing more was saved.
    pub(super) fn follow_up(&mut self) {
        let Some(code) = self.called_for.take() else {
            return;
        };
        match self.on_refusal {
            Some(OnRefusal::Restart) => self.begin_restart(RestartReason::Refusal, Some(&code)),
            Some(OnRefusal::Keep) => {}
            Some(OnRefusal::Exit) => {
                let text = format!("with code {EXIT_ON_REFUSAL}, as `--on-refusal exit` asks");
                self.terminal().status("Ending", text);
                self.stop_program(Ending::Code(EXIT_ON_REFUSAL));
            }
            None if self.keyboard.is_some() && !self.is_busy() => {
                self.question = Some(code);
                self.ask();
            }
            None => {}
        }
    }

    /// Shows the question that is open, if keys can answer it.
    pub(super) fn ask(&self) {
        if self.question.is_some() && self.keys_are_on {
            self.terminal().question(QUESTION);
        }
    }

    /// The question is no longer one.
    pub(super) fn withdraw(&mut self) {
        if self.question.take().is_some() && self.keys_are_on {
            self.terminal().answer("");
        }
    }

    /// Takes an answer. Returns whether the key is one.
    pub(super) fn answer(&mut self, key: char) -> bool {
        let Some(code) = self.question.clone() else {
            return false;
        };
        let (word, always, restart) = match key {
            'y' => ("yes", None, true),
            'n' => ("no", None, false),
            'a' => ("always", Some(OnRefusal::Restart), true),
            'v' => ("never", Some(OnRefusal::Keep), false),
            _ => return false,
        };
        self.question = None;
        self.terminal().answer(word);
        self.on_refusal = always.or(self.on_refusal);
        if restart {
            self.begin_restart(RestartReason::Refusal, Some(&code));
        }
        true
    }
}
