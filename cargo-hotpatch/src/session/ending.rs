//! The end of the program: what it means for the session, and how the tool brings it about.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};

use super::main_loop::Session;
use super::program::{self, Ending, Meaning};
use super::restart::Ready;
use super::signals::Received;
use crate::events::Event;
use crate::process_tree;

/// How long a program may take to end when it is asked to.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// A program that was asked to end.
#[derive(Debug)]
pub(super) struct Stopping {
    then: Then,
    /// The moment in which it is killed.
    pub(super) deadline: Option<Instant>,
}

/// What follows on its end.
#[derive(Debug)]
enum Then {
    /// The new program is started.
    Start(Box<Ready>),
    /// The tool ends.
    End(Ending),
    /// The tool ends as the program does.
    Follow,
}

impl Session {
    /// Whether a restart or the end is on its way.
    pub(super) fn is_busy(&self) -> bool {
        self.building.is_some() || self.stopping.is_some() || self.ending.is_some()
    }

    /// Asks the program to end, to start another one.
    pub(super) fn stop_to_restart(&mut self, ready: Box<Ready>) {
        self.stop(Signal::TERM, Then::Start(ready));
    }

    /// Asks the program to end, and the tool after it.
    pub(super) fn stop_program(&mut self, ending: Ending) {
        self.stop(Signal::TERM, Then::End(ending));
    }

    /// Ends the program as Ctrl-C would, and the tool with it.
    pub(super) fn quit(&mut self) {
        self.withdraw();
        self.stop(Signal::INT, Then::Follow);
    }

    fn stop(&mut self, signal: Signal, then: Then) {
        self.building = None;
        let Some(program) = &self.program else {
            self.ending = Some(match then {
                Then::End(ending) => ending,
                _ => Ending::Signal(SIGINT),
            });
            return;
        };
        if signal == Signal::INT {
            program.interrupt();
        } else {
            program.signal(signal.as_raw());
        }
        // One that stands still could not end.
        program.signal(Signal::CONT.as_raw());
        let deadline = Some(Instant::now() + GRACE);
        self.stopping = Some(Stopping { then, deadline });
    }

    /// Time is up for a program that was asked to end.
    pub(super) fn kill(&mut self) {
        if let (Some(stopping), Some(program)) = (&mut self.stopping, &self.program) {
            stopping.deadline = None;
            self.options.terminal.warning(format_args!(
                "process {} did not end within {} s and is killed",
                program.pid,
                GRACE.as_secs()
            ));
            program.signal(Signal::KILL.as_raw());
        }
    }

    /// The tool got a signal.
    pub(super) fn signalled(&mut self, received: Received) {
        let ending = Ending::Signal(received.signal);
        match (&self.program, &mut self.stopping) {
            (None, _) => self.ending = Some(ending),
            (Some(program), stopping) => {
                if received.for_program {
                    program.signal(received.signal);
                }
                // Whoever ends the program in the middle of a restart does not want the new one.
                if let Some(Stopping { then, .. }) = stopping
                    && matches!(then, Then::Start(_))
                {
                    *then = Then::End(ending);
                }
            }
        }
    }

    /// The program ended.
    pub(super) fn exited(&mut self, status: ExitStatus) -> Result<()> {
        let pid = self.program.take().map_or(0, |program| program.pid);
        self.withdraw();
        self.log().record(&Event::ProcessExited {
            code: status.code(),
            signal: status.signal(),
        });
        self.attach_by = None;
        let in_doubt = self.in_doubt.take().is_some();
        if self.owed.take().is_some() || in_doubt {
            self.not_offered();
        }
        if let Some(keyboard) = &self.keyboard {
            keyboard.settle(None);
        }
        let meaning = program::meaning(status);
        match (self.stopping.take().map(|stopping| stopping.then), meaning) {
            // Someone else was faster, who does not want the new one either.
            (Some(Then::Start(_)), Meaning::Over(ending @ Ending::Signal(SIGINT | SIGQUIT | SIGHUP))) => {
                self.ending = Some(ending);
            }
            (Some(Then::Start(ready)), _) => {
                self.processes.end_all();
                return self.start_again(*ready);
            }
            (Some(Then::End(ending)), _) => {
                self.processes.end_all();
                self.ending = Some(ending);
            }
            (_, Meaning::Over(ending)) => self.ending = Some(ending),
            (Some(Then::Follow), Meaning::Crashed(_)) => self.ending = Some(Ending::Signal(SIGINT)),
            (None, Meaning::Crashed(signal)) => self.crashed(pid, signal),
        }
        Ok(())
    }

    fn crashed(&mut self, pid: u32, signal: i32) {
        let name = program::signal_name(signal);
        self.terminal().error(format_args!(
            "process {pid} was killed by signal {signal} ({name})"
        ));
        self.watcher.wanted().everything = true;
        self.bench.withdraw_live();
        if self.building.is_none() {
            self.say_waiting();
        }
    }

    pub(super) fn say_waiting(&self) {
        let how = if self.keys_are_on { " or `r`" } else { "" };
        let text = format!("for the next save{how}, to build and start it again (Ctrl-C ends)");
        self.terminal().status("Waiting", text);
    }
}

/// Ends what a build has started that nobody waits for any more. The program is not among it.
pub(super) fn abandon_build(program: Option<u32>) {
    let spared = program.map(process_tree::tree).unwrap_or_default();
    let own = std::process::id();
    for pid in process_tree::tree(own) {
        if pid != own && !spared.contains(&pid) {
            program::signal(pid, Signal::TERM);
        }
    }
}
