//! A restart on the spot: build, end the old program, start the new one.
//!
//! Invariant: the old program is not touched before the new one is built and its records are read. Sources that do not
//! compile cost nothing.

use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result};

use super::inbox::{FileEvent, Message};
use super::main_loop::{Session, shown};
use super::processes::Processes;
use super::program::{self, Program};
use super::roll_back::Sources;
use crate::build_id::BuildId;
use crate::control_dir;
use crate::events::{Event, RestartReason};
use crate::hot_entries;
use crate::interrupt::Interrupt;
use crate::plan::Plan;
use crate::refusal::{Exit, Refusal};
use crate::selection::Selection;
use crate::workbench::Workbench;

/// A program that is built and ready to start.
#[derive(Debug)]
pub(super) struct Ready {
    plan: Plan,
    executable: PathBuf,
    build_id: BuildId,
    bench: Workbench,
}

impl Ready {
    fn build(selection: &Selection, interrupt: Interrupt) -> Result<Self> {
        // The manifests may have changed what there is to build.
        let plan = Plan::new(selection)?;
        let built = plan.build()?;
        let (executable, build_id) = (shown(&built.executable), built.base.build_id().clone());
        let bench = Workbench::open(&plan, built, interrupt)?;
        Ok(Self {
            plan,
            executable,
            build_id,
            bench,
        })
    }
}

/// A build that runs beside the session.
#[derive(Debug)]
pub(super) struct Building {
    /// Something was saved since it began.
    pub(super) saved: bool,
}

impl Session {
    /// Builds the program anew, while the old one runs on.
    pub(super) fn begin_restart(&mut self, reason: RestartReason, code: Option<&str>) {
        self.withdraw();
        if self.is_busy() {
            return;
        }
        self.log().record(&Event::Restarting { reason, code });
        self.terminal().status(
            "Restarting",
            "the program, built from the sources as they are now",
        );
        self.building = Some(Building { saved: false });
        let selection = self.options.plan.selection.clone();
        let (interrupt, sender) = (self.interrupt.clone(), self.sender.clone());
        thread::spawn(move || {
            let ready = Ready::build(&selection, interrupt).map(Box::new);
            let _ = sender.send(Message::Built(ready));
        });
    }

    /// The build has ended.
    pub(super) fn built(&mut self, ready: Result<Box<Ready>>) -> Result<()> {
        let Some(building) = self.building.take() else {
            return Ok(());
        };
        match ready {
            Ok(ready) if self.program.is_some() => {
                self.stop_to_restart(ready);
                Ok(())
            }
            Ok(ready) => self.start_again(*ready),
            Err(error) => self.not_built(error, &building),
        }
    }

    fn not_built(&mut self, error: anyhow::Error, building: &Building) -> Result<()> {
        self.log().record(&Event::BuildFailed);
        match error.downcast::<Refusal>() {
            Ok(refusal) => self.terminal().refusal(&refusal),
            Err(error) if error.is::<Exit>() => {}
            Err(error) => self.terminal().failure(&error),
        }
        if let Some(program) = &self.program {
            if !control_dir::is_alive(program.pid) {
                // The same Ctrl-C ended both; the end of the program is the next message.
                return Ok(());
            }
            self.terminal()
                .error("the program was not restarted: the build failed, and it runs on as it is");
            return self.edit(FileEvent::now());
        }
        if building.saved {
            self.begin_restart(RestartReason::Save, None);
        } else {
            self.say_waiting();
        }
        Ok(())
    }

    /// The old program has ended: the new one takes its place, with everything that was saved meanwhile.
    pub(super) fn start_again(&mut self, ready: Ready) -> Result<()> {
        self.interrupt.clear();
        self.options.plan = ready.plan;
        self.executable = ready.executable;
        self.processes = Processes::new(ready.build_id, self.sender.clone());
        self.bench = ready.bench;
        (self.owed, self.in_doubt) = (None, None);
        self.sources = Sources::default();
        self.follow()?;
        self.watcher.wanted().everything = false;
        self.start()?;
        self.edit(FileEvent::now())
    }

    /// Starts the program. It finds the terminal as the tool found it.
    pub(super) fn start(&mut self) -> Result<()> {
        self.release_keys();
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
        let command = program::command(&self.executable, args, env, &self.control, self.options.keys);
        let (sender, interrupt) = (self.sender.clone(), self.interrupt.clone());
        let program = Program::start(command, sender, interrupt)?;
        if let Some(keyboard) = &self.keyboard {
            keyboard.settle(Some(program.pid));
        }
        self.program = Some(program);
        self.nothing_hot = false;
        self.await_attachment();
        // The symbols may be gone from the file that runs.
        let (program, sender) = (self.bench.base().program(), self.sender.clone());
        thread::spawn(move || {
            if hot_entries::count(&program).is_ok_and(|count| count == 0) {
                let _ = sender.send(Message::NothingHot);
            }
        });
        Ok(())
    }

    fn release_keys(&mut self) {
        if let Some(keyboard) = &self.keyboard {
            keyboard.release();
        }
        self.keys_are_on = false;
    }
}
