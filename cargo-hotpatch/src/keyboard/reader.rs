//! The keyboard: a thread that looks, waits and reads, and the handle by which the session steers it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::mode::{Setting, TerminalMode};
use super::state::{Input, Next, State, Whose};

/// The keys of the terminal. Clones steer the same keyboard.
#[derive(Clone, Debug)]
pub(crate) struct Keyboard(Arc<Mutex<State>>);

/// Gives the terminal back when it is dropped.
#[derive(Debug)]
pub(crate) struct Owned(Keyboard);

impl Keyboard {
    /// Takes the keys of standard input, which must be a terminal. `alone`: the program has another standard input.
    /// No key is taken before the first [`Self::settle`].
    ///
    /// # Errors
    ///
    /// The terminal cannot be opened.
    pub(crate) fn open(alone: bool, report: impl Fn(Input) + Send + 'static) -> io::Result<(Self, Owned)> {
        let mode = TerminalMode::open()?;
        if mode.setting()? != Setting::Lines {
            return Err(io::Error::other("another program has changed its modes"));
        }
        let tty = mode.file()?;
        let keyboard = Self(Arc::new(Mutex::new(State {
            mode,
            whose: Whose::Programs(None),
            program: None,
            alone,
        })));
        let shared = keyboard.clone();
        thread::spawn(move || {
            loop {
                let next = shared.state().look(&report);
                match next {
                    Next::Stop => return,
                    Next::Sleep(time) => thread::sleep(time),
                    Next::Poll(time) if TerminalMode::poll(&tty, time) => shared.state().press(&report),
                    Next::Poll(_) => {}
                }
            }
        });
        Ok((keyboard.clone(), Owned(keyboard)))
    }

    /// A program is about to start: it finds the terminal as it was.
    pub(crate) fn release(&self) {
        self.state().release();
    }

    /// The program runs, or shows that it is still starting: it gets a moment to read the terminal first.
    pub(crate) fn settle(&self, program: Option<u32>) {
        let mut state = self.state();
        state.program = program;
        state.settle();
    }

    /// The tool is about to be stopped.
    pub(crate) fn suspend(&self) {
        let mut state = self.state();
        if state.whose == Whose::Tools {
            state.mode.give_back();
            state.whose = Whose::Programs(None);
        }
    }

    /// The tool goes on after it was stopped.
    pub(crate) fn resume(&self) {
        self.state().settle();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.whose = Whose::Ended;
        state.mode.restore();
    }
}
