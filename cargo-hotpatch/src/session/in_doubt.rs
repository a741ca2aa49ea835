//! Patches that processes have not answered to: they stand still under a debugger, or take their time.
//!
//! Invariant: what such a process will run is open until it answers or ends, so nothing is compared with what is live, and
//! nothing is said to be live, before that.

use std::time::{Duration, Instant};

use hotpatch_link::Patch;

use super::delivery::Verdict;
use super::main_loop::Session;
use crate::control_dir;
use crate::events::{Event, Phases};

/// A patch that was offered, until a process answers to it.
#[derive(Debug)]
pub(super) struct InDoubt {
    pub(super) patch: Patch,
    /// The moment of the save.
    pub(super) at: Instant,
    pub(super) ms: Phases,
}

impl Session {
    /// Processes have answered that had not when they were offered a patch.
    pub(super) fn answers(&mut self) {
        let verdicts = self.processes.answers();
        self.take_verdicts(verdicts);
        self.tell_steps();
        self.tell_moves();
        self.look_apart();
        self.offer_owed();
    }

    /// Reports what processes have answered, and concludes the patch that is in doubt once one of them has it, or none
    /// can have it any more.
    pub(super) fn take_verdicts(&mut self, verdicts: Vec<Verdict>) {
        let Some(offered) = self.in_doubt.take() else {
            return self.report_late(&verdicts);
        };
        let (about, others): (Vec<_>, Vec<_>) = verdicts
            .into_iter()
            .partition(|verdict| verdict.patch == offered.patch.id);
        self.report_late(&others);
        if self.processes.is_open() && !about.iter().any(Verdict::is_applied) {
            self.report_late(&about);
            self.in_doubt = Some(offered);
        } else {
            self.conclude(offered, &about);
        }
    }

    /// Offers the edit that waited.
    pub(super) fn offer_owed(&mut self) {
        if self.in_doubt.is_some() || !self.processes.any_free() {
            return;
        }
        if let Some(at) = self.owed.take() {
            self.offer(at, Duration::ZERO);
            self.follow_up();
        }
    }

    /// Names the processes that have not answered.
    pub(super) fn say_unanswered(&self) {
        for pid in self.processes.busy() {
            let stopped = control_dir::stands_still(pid);
            self.log().record(&Event::Unanswered { pid, stopped });
            let text = match stopped {
                true => format!("for process {pid}, which was stopped: it takes the edit when it goes on"),
                false => format!("for process {pid}, which has not answered yet"),
            };
            self.terminal().status("Waiting", text);
        }
    }
}
