//! The main loop: one thread decides everything, in the order in which things happen.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hotpatch_abi::code;

use super::inbox::{FileEvent, Inbox, Message};
use super::processes::Processes;
use super::program::{self, Ending, Meaning, Program};
use super::signals;
use super::watcher::Watcher;
use crate::cargo::relative;
use crate::control_dir::ControlDir;
use crate::events::{Event, EventLog, EventPlace};
use crate::hot_entries;
use crate::interrupt::Interrupt;
use crate::plan::{Built, Plan};
use crate::refusal::{Exit, Refusal};
use crate::terminal::Terminal;
use crate::workbench::Workbench;

/// How long a program may take to open its control channel before the user is told.
const ATTACHING: Duration = Duration::from_secs(10);

/// What to run and how to tell about it.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) plan: Plan,
    pub(crate) args: Vec<OsString>,
    pub(crate) terminal: Terminal,
    pub(crate) log: EventLog,
}

/// A running session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) options: Options,
    pub(super) inbox: Inbox,
    pub(super) bench: Workbench,
    pub(super) processes: Processes,
    /// `None` after a crash.
    pub(super) program: Option<Program>,
    /// An edit that waits for the program to attach: the moment of its first event.
    pub(super) owed: Option<Instant>,
    /// The moment in which the user is told that no process attached.
    pub(super) attach_by: Option<Instant>,
    /// The program has no hot function.
    pub(super) nothing_hot: bool,
    executable: PathBuf,
    interrupt: Interrupt,
    sender: Sender<Message>,
    watcher: Watcher,
    control: ControlDir,
}

/// Runs a program and takes its edits live, until it ends.
///
/// # Errors
///
/// The session could not begin, or cannot go on.
pub(crate) fn run(options: Options, built: Built) -> Result<Ending> {
    let (sender, inbox) = Inbox::new();
    let control = ControlDir::new()?;
    let interrupt = Interrupt::default();
    let mut session = Session {
        watcher: Watcher::new(sender.clone(), control.path())?,
        executable: shown(&built.executable),
        processes: Processes::new(built.base.build_id().clone()),
        bench: Workbench::open(&options.plan, built, interrupt.clone())?,
        options,
        inbox,
        program: None,
        owed: None,
        attach_by: None,
        nothing_hot: false,
        interrupt,
        sender,
        control,
    };
    signals::listen(session.sender.clone())?;
    session.follow()?;
    session.log().record(&Event::SessionStarted);
    session.start()?;
    // What was saved while cargo was building.
    session.edit(FileEvent::now())?;
    session.run()
}

/// The path under which `cargo run` starts a program: relative where it can be.
fn shown(executable: &Path) -> PathBuf {
    let path = relative(executable);
    if path.components().count() == 1 {
        Path::new(".").join(path)
    } else {
        path
    }
}

impl Session {
    pub(super) fn terminal(&self) -> Terminal {
        self.options.terminal
    }

    pub(super) fn log(&self) -> &EventLog {
        &self.options.log
    }

    /// Reports a refusal on the terminal and in the event log.
    pub(super) fn refuse(&self, refusal: &Refusal) {
        self.terminal().refusal(refusal);
        self.record_refusal(refusal);
    }

    /// Reports a refusal in the event log only.
    pub(super) fn record_refusal(&self, refusal: &Refusal) {
        self.log().record(&Event::Refused {
            code: refusal.code().as_str(),
            message: &refusal.full_message(),
            place: EventPlace::of(refusal),
        });
    }

    /// Records that the program ended before an edit could be offered to it. The user sees the end itself.
    pub(super) fn not_offered(&self) {
        self.log().record(&Event::Refused {
            code: code::NO_ANSWER.as_str(),
            message: "the program ended before the edit could be offered to it",
            place: None,
        });
    }

    /// Watches what the program is made of now.
    pub(super) fn follow(&mut self) -> Result<()> {
        self.watcher
            .follow(self.bench.inputs().paths(), &self.bench.source_trees())?;
        self.watcher.wanted().new_sources = self.bench.is_stale();
        Ok(())
    }

    fn run(&mut self) -> Result<Ending> {
        loop {
            let Some(message) = self.inbox.next(self.attach_by) else {
                self.give_up_attaching();
                continue;
            };
            match message {
                Message::File(event) if self.program.is_some() => self.edit(event)?,
                Message::File(event) => {
                    self.inbox.settle(event);
                    self.restart()?;
                }
                Message::Sockets => self.processes.greet(&self.control, &self.sender),
                Message::Attached(channel, identity) => self.attach(channel, &identity)?,
                Message::NotAttached(pid, error) => self.not_attached(pid, error),
                Message::Exited(status) => {
                    if let Some(ending) = self.exited(status) {
                        return Ok(ending);
                    }
                }
                Message::Signal(received) => match &self.program {
                    Some(program) if received.for_program => program.signal(received.signal),
                    Some(_) => {}
                    None => return Ok(Ending::Signal(received.signal)),
                },
                Message::NothingHot => self.nothing_is_hot(),
            }
        }
    }

    fn start(&mut self) -> Result<()> {
        let unit = self
            .bench
            .program_unit()
            .context("the compilation of the program is not recorded")?;
        let env = program::environment(&self.options.plan.env, unit);
        let args = &self.options.args;
        self.terminal().status(
            "Running",
            format_args!("`{}`", program::command_line(&self.executable, args)),
        );
        let (sender, interrupt) = (self.sender.clone(), self.interrupt.clone());
        self.program = Some(Program::start(
            &self.executable,
            args,
            env,
            &self.control,
            sender,
            interrupt,
        )?);
        self.nothing_hot = false;
        self.attach_by = Some(Instant::now() + ATTACHING);
        let (executable, sender) = (self.executable.clone(), self.sender.clone());
        std::thread::spawn(move || {
            if hot_entries::count(&executable).is_ok_and(|count| count == 0) {
                let _ = sender.send(Message::NothingHot);
            }
        });
        Ok(())
    }

    /// Builds a program that crashed again, with everything that was saved since.
    fn restart(&mut self) -> Result<()> {
        self.interrupt.clear();
        let built = match self.options.plan.build() {
            Ok(built) => built,
            Err(error) if error.is::<Exit>() => {
                self.log().record(&Event::BuildFailed);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.executable = shown(&built.executable);
        self.processes = Processes::new(built.base.build_id().clone());
        self.bench = Workbench::open(&self.options.plan, built, self.interrupt.clone())?;
        self.owed = None;
        self.follow()?;
        self.watcher.wanted().everything = false;
        self.start()
    }

    fn exited(&mut self, status: ExitStatus) -> Option<Ending> {
        let pid = self.program.take().map_or(0, |program| program.pid);
        self.log().record(&Event::ProcessExited {
            code: status.code(),
            signal: status.signal(),
        });
        self.attach_by = None;
        if self.owed.take().is_some() {
            self.not_offered();
        }
        match program::meaning(status) {
            Meaning::Over(ending) => Some(ending),
            Meaning::Crashed(signal) => {
                let name = program::signal_name(signal);
                self.terminal().error(format_args!(
                    "process {pid} was killed by signal {signal} ({name})"
                ));
                self.terminal().status(
                    "Waiting",
                    "for the next save, to build and start it again (Ctrl-C ends)",
                );
                self.watcher.wanted().everything = true;
                self.bench.withdraw_live();
                None
            }
        }
    }
}
