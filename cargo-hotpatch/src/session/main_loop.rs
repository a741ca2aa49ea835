//! The main loop: one thread decides everything, in the order in which things happen.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hotpatch_abi::code;
use signal_hook::consts::{SIGHUP, SIGTERM};

use super::inbox::{FileEvent, Inbox, Message};
use super::processes::Processes;
use super::program::{self, Ending, Meaning, Program};
use super::signals;
use super::watcher::Watcher;
use crate::cargo::relative;
use crate::control_dir::ControlDir;
use crate::events::{Event, EventLog};
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
    executable: PathBuf,
    attach_by: Option<Instant>,
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
        self.log().record(&Event::Refused {
            code: refusal.code().as_str(),
            message: &refusal.full_message(),
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
                Message::Signal(signal) => match &self.program {
                    Some(program) if [SIGTERM, SIGHUP].contains(&signal) => program.signal(signal),
                    Some(_) => {}
                    None => return Ok(Ending::Signal(signal)),
                },
            }
        }
    }

    fn start(&mut self) -> Result<()> {
        let unit = self
            .bench
            .program_unit()
            .context("the compilation of the program is not recorded")?;
        let env = program::environment(&self.options.plan.env, unit);
        self.terminal()
            .status("Running", format_args!("`{}`", self.executable.display()));
        let (sender, interrupt) = (self.sender.clone(), self.interrupt.clone());
        let args = &self.options.args;
        self.program = Some(Program::start(
            &self.executable,
            args,
            env,
            &self.control,
            sender,
            interrupt,
        )?);
        self.attach_by = Some(Instant::now() + ATTACHING);
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

    fn attach(
        &mut self,
        channel: crate::channel::Channel,
        identity: &hotpatch_abi::frame::Identity,
    ) -> Result<()> {
        let build_id = crate::build_id::BuildId::from_bytes(&identity.build_id).to_string();
        self.log().record(&Event::ProcessAttached {
            pid: identity.pid,
            build_id,
        });
        let verdicts = self.processes.attach(channel, identity);
        self.report_late(&verdicts);
        if self.processes.any() {
            self.attach_by = None;
            if let Some(at) = self.owed.take() {
                self.offer(at, Duration::ZERO);
            }
        }
        Ok(())
    }

    fn not_attached(&self, pid: u32, error: anyhow::Error) {
        match error.downcast::<Refusal>() {
            Ok(refusal) => self.refuse(&refusal),
            // A process that ended at once leaves a socket that nobody listens on.
            Err(error) if crate::control_dir::is_alive(pid) => {
                self.terminal()
                    .warning(format_args!("process {pid} cannot be patched: {error:#}"));
            }
            Err(_) => {}
        }
    }

    fn give_up_attaching(&mut self) {
        self.attach_by = None;
        self.owed = None;
        self.refuse(&self.nobody_attached());
    }

    /// The refusal of edits while no process of the program is attached.
    pub(super) fn nobody_attached(&self) -> Refusal {
        Refusal::new(code::NOT_ATTACHED, "the program has not opened its control channel, so it cannot be patched")
            .note("it runs on as it was built")
            .help("depend on `hotpatch` with its default features and put `#[hotpatch]` on a function that is called")
    }

    /// Whether the program may still attach.
    pub(super) fn may_attach(&self) -> bool {
        self.attach_by.is_some_and(|deadline| Instant::now() < deadline)
    }

    fn exited(&mut self, status: ExitStatus) -> Option<Ending> {
        let pid = self.program.take().map_or(0, |program| program.pid);
        self.log().record(&Event::ProcessExited {
            code: status.code(),
            signal: status.signal(),
        });
        self.attach_by = None;
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
                None
            }
        }
    }
}
