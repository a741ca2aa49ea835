//! A session of tests: they run once, and after each save those whose code changed run again.
//!
//! Invariant: a test that an edit concerns stays pending until it has run to its end, whatever is saved meanwhile.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;

use super::inbox::{FileEvent, Inbox, Message};
use super::keys::Keys;
use super::program::Ending;
use super::signals;
use super::watcher::Watcher;
use crate::base::Base;
use crate::cargo::relative;
use crate::control_dir::ControlDir;
use crate::events::{Event, EventLog, How};
use crate::interrupt::Interrupt;
use crate::keyboard::{Input, Keyboard, Owned};
use crate::local_crate::LocalCrate;
use crate::plan::Plan;
use crate::terminal::{Terminal, counted, listed};
use crate::testing::{
    BuiltTests, LibtestArgs, Programs, Ran, Results, Running, TestBench, TestBinary, TestSelection,
};

const KEYS: &str = "a all tests, f those that failed, q quit, ? help";

/// What to run and how to tell about it.
#[derive(Debug)]
pub(crate) struct TestOptions {
    pub(crate) plan: Plan,
    pub(crate) selection: TestSelection,
    pub(crate) args: LibtestArgs,
    pub(crate) terminal: Terminal,
    pub(crate) log: EventLog,
    /// End after the first run.
    pub(crate) once: bool,
    /// After a binary has failed, run no other.
    pub(crate) fail_fast: bool,
    pub(crate) keys: Keys,
}

/// The run of one binary.
#[derive(Debug)]
pub(super) struct Run {
    binary: usize,
    running: Running,
    tests: BTreeSet<String>,
    whole: bool,
    /// It was ended because something was saved.
    abandoned: bool,
}

impl Run {
    /// Ends a run whose code is not the current one.
    pub(super) fn abandon(run: &mut Option<Self>) {
        if let Some(run) = run {
            run.abandoned = true;
            run.running.kill();
        }
    }
}

/// What the build told and is needed later.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) programs: Vec<(PathBuf, Base)>,
    pub(super) started: SystemTime,
    pub(super) local: Vec<LocalCrate>,
}

/// The session.
#[derive(Debug)]
pub(super) struct TestSession {
    pub(super) options: TestOptions,
    pub(super) inbox: Inbox,
    pub(super) bench: TestBench,
    pub(super) binaries: Vec<TestBinary>,
    /// The programs that tests start, as far as the sources of the tests say.
    pub(super) programs: Programs,
    /// Those that cargo built and that were not looked at yet.
    pub(super) built: Built,
    /// Cargo must build, because of what an earlier save has changed.
    pub(super) owes_build: bool,
    pub(super) watcher: Watcher,
    pub(super) interrupt: Interrupt,
    /// When what is pending was saved.
    pub(super) saved: Option<Instant>,
    pub(super) how: Vec<How>,
    pub(super) run: Option<Run>,
    idle: bool,
    held: bool,
    /// A binary has failed.
    failed: bool,
    ending: Option<Ending>,
    sender: Sender<Message>,
    keyboard: Option<Keyboard>,
    _control: ControlDir,
    _terminal: Option<Owned>,
}

/// Runs the tests until the user ends it, or once.
///
/// # Errors
///
/// The session could not begin, or cannot go on.
pub(crate) fn run(options: TestOptions, built: BuiltTests) -> Result<Ending> {
    let (sender, inbox) = Inbox::new();
    let control = ControlDir::new()?;
    let interrupt = Interrupt::default();
    let (keyboard, terminal) = options.keys.open(sender.clone())?.unzip();
    let bases = built.binaries.iter().map(|binary| &binary.base);
    let bench = TestBench::open(
        &options.plan,
        bases,
        built.started,
        &built.local,
        interrupt.clone(),
    )?;
    let mut session = TestSession {
        watcher: Watcher::new(sender.clone(), control.path())?,
        bench,
        how: vec![How::Built; built.binaries.len()],
        binaries: built.binaries,
        programs: Programs::default(),
        built: Built {
            programs: built.programs,
            started: built.started,
            local: built.local,
        },
        owes_build: false,
        options,
        inbox,
        interrupt,
        saved: None,
        run: None,
        idle: false,
        held: false,
        failed: false,
        ending: None,
        sender,
        keyboard,
        _control: control,
        _terminal: terminal,
    };
    signals::listen(session.sender.clone(), session.keyboard.clone())?;
    session.follow()?;
    for binary in &mut session.binaries {
        binary.pending.entry(None).or_default();
    }
    session.options.log.record(&Event::SessionStarted);
    if let Some(keyboard) = &session.keyboard {
        keyboard.settle(None);
    }
    session.go()
}

impl TestSession {
    fn go(&mut self) -> Result<Ending> {
        self.proceed()?;
        if !self.options.once {
            // While the tests run.
            self.read_code()?;
            self.saved(FileEvent::now())?;
        }
        loop {
            self.proceed()?;
            if let Some(ending) = self.ending {
                if let Some(run) = &self.run {
                    run.running.kill();
                }
                return Ok(ending);
            }
            let Some(message) = self.inbox.next(None) else {
                return Ok(self.outcome());
            };
            self.react(message)?;
        }
    }

    fn react(&mut self, message: Message) -> Result<()> {
        match message {
            Message::File(event) if !self.options.once => self.saved(event)?,
            Message::Tested(ran) => self.tested(&ran)?,
            Message::Signal(received) => self.ending = Some(Ending::Signal(received.signal)),
            Message::Keyboard(Input::Key(key)) => self.key(key)?,
            Message::Keyboard(Input::On) => self.options.terminal.status("Keys", KEYS),
            _ => {}
        }
        Ok(())
    }

    fn key(&mut self, key: char) -> Result<()> {
        match key {
            'a' | 'f' if !self.held => {
                for binary in &mut self.binaries {
                    let tests = binary.failing.iter().cloned();
                    match key {
                        'f' if binary.has_harness() => {
                            let failing = tests.map(|test| (Some(test), BTreeSet::new()));
                            binary.pending.extend(failing.collect::<Vec<_>>());
                        }
                        'f' if binary.failing.is_empty() => {}
                        _ => drop(binary.pending.entry(None).or_default()),
                    }
                }
                self.link_what_is_due()?;
                self.wake();
            }
            'q' => self.ending = Some(self.outcome()),
            '?' => self.options.terminal.report("Keys", KEYS),
            _ => {}
        }
        Ok(())
    }

    /// Watches what the tests are made of now.
    pub(super) fn follow(&mut self) -> Result<()> {
        self.watcher
            .follow(self.bench.paths(), &self.bench.source_trees())?;
        self.watcher.wanted().new_sources = self.bench.is_stale();
        Ok(())
    }

    fn outcome(&self) -> Ending {
        let any = self.binaries.iter().any(|binary| !binary.failing.is_empty());
        Ending::Code(if any { 101 } else { 0 })
    }

    /// Starts the next binary that has something to run, or says that there is none.
    fn proceed(&mut self) -> Result<()> {
        if self.run.is_some() || self.held || self.ending.is_some() {
            return Ok(());
        }
        for index in 0..self.binaries.len() {
            if self.binaries[index].pending.is_empty() || (self.options.fail_fast && self.failed) {
                continue;
            }
            let (tests, because, whole) = self.binaries[index].due(&self.options.args);
            if tests.is_empty() && !whole {
                // What the user's arguments leave out, or what is ignored.
                self.binaries[index].pending.clear();
                continue;
            }
            return self.start(index, tests, &because.into_iter().collect::<Vec<_>>(), whole);
        }
        if !std::mem::replace(&mut self.idle, true) {
            self.rest();
        }
        Ok(())
    }

    fn start(
        &mut self,
        index: usize,
        tests: BTreeSet<String>,
        because: &[String],
        whole: bool,
    ) -> Result<()> {
        self.idle = false;
        let binary = &self.binaries[index];
        let names: Vec<String> = tests.iter().cloned().collect();
        self.announce(binary, self.how[index], &names, because, whole);
        self.options.log.record(&Event::TestsStarted {
            binary: &binary.title,
            how: self.how[index],
            tests: &names,
            because,
        });
        let mut command = binary.command();
        match whole {
            true => command.args(&self.options.args.all),
            false => command.args(self.options.args.only(&names)),
        };
        if self.keyboard.is_some() {
            command.stdin(Stdio::null());
        }
        let sender = self.sender.clone();
        let running = Running::start(command, move |ran| drop(sender.send(Message::Tested(ran))))?;
        self.run = Some(Run {
            binary: index,
            running,
            tests,
            whole,
            abandoned: false,
        });
        Ok(())
    }

    fn announce(&self, binary: &TestBinary, how: How, names: &[String], because: &[String], whole: bool) {
        let terminal = self.options.terminal;
        let title = &binary.title;
        if whole {
            let path = relative(&binary.executable);
            terminal.status("Running", format_args!("{title} ({})", path.display()));
        } else {
            let (count, all) = (names.len(), binary.listing.all.len());
            let how = match how {
                How::Built => "built by cargo",
                How::Relinked => "linked again",
                How::Patched => "patched",
                How::Kept => "as it was",
            };
            terminal.status(
                "Running",
                format_args!(
                    "{count} of {} of {title} ({how}): {}",
                    counted(all, "test"),
                    listed(names)
                ),
            );
        }
        if !because.is_empty() {
            terminal.notes(&[format!("they lead to what changed: {}", listed(because))]);
        }
    }

    /// A binary ended.
    fn tested(&mut self, ran: &Ran) -> Result<()> {
        let Some(run) = self.run.take().filter(|run| !run.abandoned) else {
            return Ok(());
        };
        let binary = &mut self.binaries[run.binary];
        if !binary.had_current_code()? {
            self.options
                .terminal
                .note("the patch was not taken, so the tests are linked again");
            return self.link_what_is_due();
        }
        let ignored = match self.options.args.runs_ignored() {
            true => BTreeSet::new(),
            false => binary.listing.ignored.clone(),
        };
        let mut results = Results::read(&ran.output, &run.tests, &ignored);
        if !ran.status.success() && results.failed.is_empty() {
            // A program without a harness, or one that failed after its tests.
            results.failed.push(binary.title.clone());
        }
        if run.whole {
            binary.pending.clear();
            binary.failing.clear();
        } else {
            binary
                .pending
                .retain(|test, _| test.as_ref().is_some_and(|test| !run.tests.contains(test)));
        }
        binary
            .failing
            .retain(|test| !run.tests.contains(test) && *test != binary.title);
        binary.failing.extend(results.failed.iter().cloned());
        self.options.log.record(&Event::TestsFinished {
            binary: &binary.title,
            passed: &results.passed,
            failed: &results.failed,
            ignored: &results.ignored,
            code: ran.status.code(),
            signal: ran.status.signal(),
        });
        if !ran.status.success() {
            self.failed = true;
            self.options.terminal.error(format_args!(
                "test failed, to rerun pass `{}`{}",
                binary.flags,
                ended_by(ran)
            ));
        }
        Ok(())
    }

    /// Everything has run.
    fn rest(&mut self) {
        if !self.options.once {
            self.binaries.iter_mut().for_each(TestBinary::prepare_patch);
        }
        let failing = self.binaries.iter().flat_map(|binary| {
            let title = &binary.title;
            binary.failing.iter().map(move |test| format!("{title}: {test}"))
        });
        let failing: Vec<String> = failing.collect();
        let elapsed = self.saved.take().map(|saved| saved.elapsed());
        self.options.log.record(&Event::TestsIdle {
            failing: &failing,
            ms: elapsed.map(|elapsed| elapsed.as_micros() as f64 / 1000.0),
        });
        if self.options.once {
            self.ending = Some(self.outcome());
            return;
        }
        let after = elapsed.map_or(String::new(), |elapsed| {
            format!(", {} ms after the save", Duration::as_millis(&elapsed))
        });
        if failing.is_empty() {
            self.options
                .terminal
                .status("Waiting", format_args!("no test fails{after}"));
        } else {
            let failing = format!("{} failing: {}", counted(failing.len(), "test"), listed(&failing));
            self.options
                .terminal
                .status("Waiting", format_args!("{failing}{after}"));
        }
    }

    /// Ends the binary that runs, because its code is not the current one. Its tests stay pending.
    pub(super) fn abandon(&mut self) {
        Run::abandon(&mut self.run);
    }

    /// The current sources cannot be run: what is pending waits for others.
    pub(super) fn hold(&mut self) {
        self.abandon();
        self.held = true;
        self.saved = None;
    }

    /// Something is to be said again when everything has run.
    pub(super) fn wake(&mut self) {
        self.held = false;
        self.idle = false;
    }
}

fn ended_by(ran: &Ran) -> String {
    match (ran.status.code(), ran.status.signal()) {
        (Some(0 | 101), _) | (None, None) => String::new(),
        (Some(code), _) => format!(" (exit code {code})"),
        (None, Some(signal)) => format!(" ({})", super::program::signal_name(signal)),
    }
}
