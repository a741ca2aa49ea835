//! Taking the last patch back.

use std::time::Instant;

use anyhow::Result;
use hotpatch_link::Draft;

use super::delivery::Verdict;
use super::in_doubt::Purpose;
use super::main_loop::Session;
use crate::channel::Answer;
use crate::events::{Event, Phases};
use crate::refusal::Refusal;
use crate::terminal::{counted, listed};

impl Session {
    /// Takes the last patch back: another patch, of bodies that the processes have already.
    pub(super) fn undo(&mut self) {
        if self.is_busy() {
            let text = "is possible now: the program is about to be restarted or to end";
            return self.terminal().report("No undo", text);
        }
        if !self.processes.any() {
            let text = "is possible: no process of the program is attached";
            return self.terminal().report("No undo", text);
        }
        if self.in_doubt.is_some() || !self.processes.any_free() {
            let text = "is possible now: the last patch is not answered yet";
            return self.terminal().report("No undo", text);
        }
        let undone = match self.bench.undo() {
            Ok(Some(draft)) => self.take_back(draft),
            Ok(None) => {
                let text = "is left: the program runs as it was built";
                return self.terminal().report("No undo", text);
            }
            Err(refusal) => Err((*refusal).into()),
        };
        if let Err(error) = undone {
            match error.downcast::<Refusal>() {
                Ok(refusal) => self.refuse(&refusal),
                Err(error) => self.terminal().failure(&error),
            }
        }
    }

    fn take_back(&mut self, draft: Draft) -> Result<()> {
        self.carry_out(draft, Purpose::Undo, Instant::now(), Phases::default())
    }

    /// One line for the undo, one event for each process.
    pub(super) fn report_undo(&mut self, verdicts: &[Verdict], ms: Phases) {
        let mut shown = false;
        for Verdict {
            pid, answer, time, ..
        } in verdicts
        {
            match answer {
                Answer::Applied {
                    generation,
                    functions,
                } => {
                    let ms = Phases { commit: *time, ..ms };
                    self.log().record(&Event::Undone {
                        pid: *pid,
                        generation: *generation,
                        functions,
                        ms,
                    });
                    if !std::mem::replace(&mut shown, true) {
                        self.say_undone(*generation, functions);
                    }
                }
                Answer::Refused { code, message } => self.report_refusal(*pid, code, message),
            }
        }
    }

    fn say_undone(&mut self, generation: u64, functions: &[String]) {
        let (count, names) = (counted(functions.len(), "function"), listed(functions));
        self.note_last(format!("undone: {names} (generation {generation})"));
        self.terminal().status(
            "Undone",
            format_args!("{count}: {names} (generation {generation})"),
        );
        self.terminal().notes(&[
            "the sources are ahead of the program now: the next save is compared with what runs, and brings back what \
             they still hold"
                .to_owned(),
        ]);
    }
}
