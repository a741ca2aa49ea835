//! When the tool may take keys: the decisions of the keyboard, one look at a time.

use std::time::{Duration, Instant};

use super::mode::{Setting, TerminalMode};
use super::press;
use super::readers::{self, Found};
use crate::process_tree;

/// A program that reads its input at once never notices the tool if it begins within this time.
const SETTLING: Duration = Duration::from_millis(500);
/// The time from one look to the next: shorter than a person takes to answer a question.
const BETWEEN_LOOKS: Duration = Duration::from_millis(150);
/// A program that was woken by the same input gets so long, in so many looks, to wait for more of it.
const WOKEN: Duration = Duration::from_millis(5);
const LOOKS_WHEN_WOKEN: usize = 4;

/// What the keyboard tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Keys are taken from now on.
    On,
    /// A key was pressed.
    Key(char),
    /// No keys are taken from now on.
    Off(Reason),
}

/// Why no keys are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The program reads the terminal, or waits for its input.
    Read,
    /// Another program has changed the modes of the terminal.
    Mode,
    /// This kernel does not tell who reads the terminal.
    Unknown,
    /// The terminal is gone.
    Gone,
}

/// Whose input the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The program's, at least until this moment. `None`: until it is started.
    Programs(Option<Instant>),
    /// The tool's.
    Tools,
    /// The program's for good.
    Nobodys,
    /// The keyboard was dropped.
    Ended,
}

/// What to do until the next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing.
    Sleep(Duration),
    /// Wait for a key.
    Poll(Duration),
    /// End.
    Stop,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) mode: TerminalMode,
    pub(super) whose: Whose,
    /// The program, while it runs.
    pub(super) program: Option<u32>,
    /// The program has another standard input: no need to look.
    pub(super) alone: bool,
}

impl State {
    /// Makes way for a program that is about to start.
    pub(super) fn release(&mut self) {
        self.program = None;
        if matches!(self.whose, Whose::Programs(_) | Whose::Tools) {
            self.mode.give_back();
            self.whose = Whose::Programs(None);
        }
    }

    /// The terminal is the program's for a moment.
    pub(super) fn settle(&mut self) {
        if let Whose::Programs(until) = &mut self.whose {
            let settling = if self.alone { Duration::ZERO } else { SETTLING };
            *until = Some(Instant::now() + settling);
        }
    }

    /// Decides anew.
    pub(super) fn look(&mut self, report: &dyn Fn(Input)) -> Next {
        match self.whose {
            Whose::Ended => return Next::Stop,
            // A program that took over in the middle may leave the mode of keys behind.
            Whose::Nobodys if self.mode.is_taken() => self.mode.give_back(),
            Whose::Nobodys => return Next::Stop,
            Whose::Programs(None) => {}
            Whose::Programs(Some(until)) => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Next::Sleep(left.min(BETWEEN_LOOKS));
                }
                if self.mode.is_ours() {
                    self.take(report);
                }
            }
            Whose::Tools if self.mode.is_ours() => self.keep(report),
            Whose::Tools => {}
        }
        match self.whose {
            Whose::Tools if self.mode.is_ours() => Next::Poll(BETWEEN_LOOKS),
            _ => Next::Sleep(BETWEEN_LOOKS),
        }
    }

    /// Takes a key, if the input is still there and nobody else wants it.
    pub(super) fn press(&mut self, report: &dyn Fn(Input)) {
        let looks = if self.alone { 0 } else { LOOKS_WHEN_WOKEN };
        for _ in 0..looks {
            if self.whose != Whose::Tools || !self.mode.is_ours() {
                return;
            }
            self.keep(report);
            std::thread::sleep(WOKEN);
        }
        if self.whose != Whose::Tools || !self.mode.is_ours() {
            return;
        }
        match self.mode.read() {
            Ok(typed) if typed.is_empty() => self.leave(Reason::Gone, report),
            Ok(typed) => press::key(&typed)
                .into_iter()
                .for_each(|key| report(Input::Key(key))),
            // Someone else was faster.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && !self.alone => {
                self.leave(Reason::Read, report);
            }
            Err(error) if error.raw_os_error().is_some_and(is_final) => self.leave(Reason::Gone, report),
            Err(_) => {}
        }
    }

    /// Takes the terminal unless someone wants its input.
    fn take(&mut self, report: &dyn Fn(Input)) {
        match self.mode.setting() {
            Ok(Setting::Keys | Setting::Lines) => match self.obstacle().or_else(|| self.neighbour()) {
                Some(reason) => self.leave(reason, report),
                None if self.mode.take().is_ok() => {
                    // What was typed before was not meant for the tool: a key must not end the program by surprise.
                    let _ = self.mode.read();
                    self.whose = Whose::Tools;
                    report(Input::On);
                }
                None => self.leave(Reason::Gone, report),
            },
            Ok(Setting::Other) => self.leave(Reason::Mode, report),
            Err(_) => self.leave(Reason::Gone, report),
        }
    }

    /// Goes on only as long as nobody wants the input.
    fn keep(&mut self, report: &dyn Fn(Input)) {
        match self.mode.setting() {
            Ok(Setting::Keys) => {
                if let Some(reason) = self.obstacle() {
                    self.leave(reason, report);
                }
            }
            // A shell, or a program that has ended, has set it back.
            Ok(Setting::Lines) => {
                self.whose = Whose::Programs(None);
                self.settle();
            }
            Ok(Setting::Other) if self.alone => {}
            Ok(Setting::Other) => self.leave(Reason::Mode, report),
            Err(_) => self.leave(Reason::Gone, report),
        }
    }

    /// What speaks against keys in what the program and its children do.
    fn obstacle(&self) -> Option<Reason> {
        let program = self.program.filter(|_| !self.alone)?;
        if !process_tree::is_known() {
            return Some(Reason::Unknown);
        }
        if self.mode.is_nonblocking() {
            return Some(Reason::Read);
        }
        match readers::look(&process_tree::tree(program), self.mode.device()) {
            Found::Nobody => None,
            Found::Somebody => Some(Reason::Read),
            Found::Unknown => Some(Reason::Unknown),
        }
    }

    /// Whether someone reads the terminal who was started together with the tool, such as a pager at the other end of
    /// its output. Often the kernel tells nothing about those.
    fn neighbour(&self) -> Option<Reason> {
        let own = std::process::id();
        let group = process_tree::group_of(own).filter(|_| !self.alone)?;
        let mut others = process_tree::group(group);
        others.retain(|pid| *pid != own);
        let reads = others
            .iter()
            .any(|pid| readers::look(&[*pid], self.mode.device()) == Found::Somebody);
        reads.then_some(Reason::Read)
    }

    fn leave(&mut self, reason: Reason, report: &dyn Fn(Input)) {
        self.mode.give_back();
        self.whose = Whose::Nobodys;
        report(Input::Off(reason));
    }
}

/// The errors of a terminal that does not come back: `EIO`, `ENXIO`, `EBADF`.
fn is_final(error: i32) -> bool {
    [5, 6, 9].contains(&error)
}
