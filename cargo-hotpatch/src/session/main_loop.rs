//! The main loop: one thread decides everything, in the order in which things happen.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use anyhow::Result;
use hotpatch_abi::code;

use super::ending::{self, Stopping};
use super::in_doubt::InDoubt;
use super::inbox::{FileEvent, Inbox, Message};
use super::keys::Keys;
use super::overview::LastEdit;
use super::processes::Processes;
use super::program::{Ending, Program};
use super::refusals::OnRefusal;
use super::restart::Building;
use super::roll_back::Sources;
use super::signals;
use super::watcher::Watcher;
use crate::cargo::relative;
use crate::control_dir::ControlDir;
use crate::events::{Event, EventLog, EventPlace, RestartReason};
use crate::interrupt::Interrupt;
use crate::keyboard::{Keyboard, Owned};
use crate::plan::{Built, Plan};
use crate::refusal::Refusal;
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
    /// What to do with edits that are refused, if that is settled.
    pub(crate) on_refusal: Option<OnRefusal>,
    pub(crate) keys: Keys,
}

/// A running session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) options: Options,
    pub(super) inbox: Inbox,
    pub(super) bench: Workbench,
    pub(super) processes: Processes,
    /// `None` after a crash, and between two programs.
    pub(super) program: Option<Program>,
    /// An edit that waits for the program to attach, or for the answer to the one before: the moment of its first event.
    pub(super) owed: Option<Instant>,
    /// A patch that no process has answered to yet.
    pub(super) in_doubt: Option<InDoubt>,
    /// How often the edit was offered to processes that had gone somewhere else in the meantime.
    pub(super) overtaken: u32,
    /// What the sources hold, and whether something else runs.
    pub(super) sources: Sources,
    /// The moment in which the user is told that no process attached.
    pub(super) attach_by: Option<Instant>,
    /// The program has no hot function.
    pub(super) nothing_hot: bool,
    /// The next program, while cargo builds it.
    pub(super) building: Option<Building>,
    /// The program was asked to end.
    pub(super) stopping: Option<Stopping>,
    /// The session is over.
    pub(super) ending: Option<Ending>,
    /// What to do with edits that are refused: as the command line says, or the user since.
    pub(super) on_refusal: Option<OnRefusal>,
    /// The last edit needs a restart, for this code.
    pub(super) called_for: Option<String>,
    /// The user is asked whether to restart, for this code.
    pub(super) question: Option<String>,
    /// The keys of the terminal; `None` where they are not taken.
    pub(super) keyboard: Option<Keyboard>,
    pub(super) keys_are_on: bool,
    pub(super) keys_were_shown: bool,
    pub(super) last: Option<LastEdit>,
    pub(super) executable: PathBuf,
    pub(super) interrupt: Interrupt,
    pub(super) sender: Sender<Message>,
    pub(super) watcher: Watcher,
    pub(super) control: ControlDir,
    /// Gives the terminal back.
    _terminal: Option<Owned>,
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
    let (keyboard, terminal) = options.keys.open(sender.clone())?.unzip();
    let mut session = Session {
        watcher: Watcher::new(sender.clone(), control.path())?,
        executable: shown(&built.executable),
        processes: Processes::new(built.base.build_id().clone(), sender.clone()),
        bench: Workbench::open(&options.plan, built, interrupt.clone())?,
        on_refusal: options.on_refusal,
        options,
        inbox,
        program: None,
        owed: None,
        in_doubt: None,
        overtaken: 0,
        sources: Sources::default(),
        attach_by: None,
        nothing_hot: false,
        building: None,
        stopping: None,
        ending: None,
        called_for: None,
        question: None,
        keyboard,
        keys_are_on: false,
        keys_were_shown: false,
        last: None,
        interrupt,
        sender,
        control,
        _terminal: terminal,
    };
    signals::listen(session.sender.clone(), session.keyboard.clone())?;
    session.follow()?;
    session.log().record(&Event::SessionStarted);
    session.start()?;
    // What was saved while cargo was building.
    session.edit(FileEvent::now())?;
    session.run()
}

/// The path under which `cargo run` starts a program: relative where it can be.
pub(super) fn shown(executable: &Path) -> PathBuf {
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
            pid: None,
        });
    }

    /// Records that the program ended before an edit could be offered to it. The user sees the end itself.
    pub(super) fn not_offered(&self) {
        self.log().record(&Event::Refused {
            code: code::NO_ANSWER.as_str(),
            message: "the program ended before the edit could be offered to it",
            place: None,
            pid: None,
        });
    }

    /// Watches what the program is made of now.
    pub(super) fn follow(&mut self) -> Result<()> {
        self.watcher
            .follow(self.bench.inputs().paths(), &self.bench.source_trees())?;
        self.watcher.wanted().new_sources = self.bench.is_stale();
        Ok(())
    }

    /// The program may open its control channel from now on.
    pub(super) fn await_attachment(&mut self) {
        self.attach_by = Some(Instant::now() + ATTACHING);
    }

    fn run(&mut self) -> Result<Ending> {
        while self.ending.is_none() {
            let killing = self.stopping.as_ref().and_then(|stopping| stopping.deadline);
            let deadline = self.attach_by.into_iter().chain(killing).min();
            match self.inbox.next(deadline) {
                Some(message) => self.react(message)?,
                None if killing.is_some_and(|deadline| deadline <= Instant::now()) => self.kill(),
                None => self.give_up_attaching(),
            }
        }
        ending::abandon_build(self.program.as_ref().map(|program| program.pid));
        Ok(self.ending.unwrap_or(Ending::Code(0)))
    }

    fn react(&mut self, message: Message) -> Result<()> {
        match message {
            Message::File(event) => self.saved(event)?,
            Message::Sockets => self.processes.greet(&self.control),
            Message::Answers => self.answers(),
            Message::Attached(channel, identity, live) => self.attach(channel, &identity, live)?,
            Message::Live(pid, live) => self.heard(pid, live),
            Message::NotAttached(pid, error) => self.not_attached(pid, error),
            Message::Exited(status) => self.exited(status)?,
            Message::Signal(received) => self.signalled(received),
            Message::NothingHot => self.nothing_is_hot(),
            Message::Built(ready) => self.built(ready)?,
            Message::Keyboard(input) => self.keyboard(input),
            // Only a session of tests has any.
            Message::Tested(_) => {}
        }
        Ok(())
    }

    fn saved(&mut self, event: FileEvent) -> Result<()> {
        match (&mut self.building, &self.program) {
            // The new program begins with a look at everything.
            (Some(building), _) => building.saved = true,
            _ if self.stopping.is_some() => {}
            (None, Some(_)) => self.edit(event)?,
            (None, None) => {
                self.inbox.settle(event);
                self.begin_restart(RestartReason::Save, None);
            }
        }
        Ok(())
    }
}
