//! Going back to earlier generations and forward again: what a key asks for, and what processes do by themselves.
//!
//! Invariant: when something else runs than the sources hold, the user is told once, and the next save is compared with
//! what runs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use hotpatch_abi::code;
use hotpatch_abi::generation::{Live, Origin};
use hotpatch_abi::manifest::PatchId;

use super::attached::{Direction, Moved};
use super::delivery::{Step, Stepped};
use super::edit::ATTEMPTS;
use super::inbox::FileEvent;
use super::main_loop::Session;
use crate::channel::{Returned, told};
use crate::events::{Event, Phases, RolledBackBy, SourcesAre};
use crate::refusal::{RESTART, Refusal};
use crate::terminal::{counted, listed};

/// What the sources hold, and whether something else runs.
#[derive(Debug)]
pub(super) struct Sources {
    /// The patch after which their code runs, which may be that of the program as built; `None` if there is no such patch.
    code: Option<Option<PatchId>>,
    /// Whether a process went to another generation since they were live.
    moved: bool,
    /// When the user was told that something else runs.
    apart: Option<Instant>,
    /// Whether the last move was a step back by key, so that there is a way forward.
    stepped_back: bool,
    /// When a process said "not now" to what they hold.
    put_off: Option<Instant>,
}

impl Default for Sources {
    /// Those that the program was just built from.
    fn default() -> Self {
        Self {
            code: Some(None),
            moved: false,
            apart: None,
            stepped_back: false,
            put_off: None,
        }
    }
}

impl Sources {
    /// Files have changed.
    pub(super) fn changed(&mut self) {
        self.code = None;
    }

    /// Their code runs, after this patch.
    pub(super) fn live(&mut self, head: Option<PatchId>) {
        *self = Self {
            code: Some(head),
            moved: false,
            apart: None,
            stepped_back: false,
            put_off: None,
        };
    }
}

impl Session {
    /// Has the processes of the program go one step back, or forward again.
    pub(super) fn step(&mut self, step: Step) {
        let obstacle = if self.is_busy() {
            Some("now: the program is about to be restarted or to end")
        } else if !self.processes.any() {
            Some("as no process of the program is attached")
        } else if self.in_doubt.is_some() || !self.processes.any_free() {
            Some("now: the last patch is not answered yet")
        } else {
            None
        };
        if let Some(obstacle) = obstacle {
            let text = format!("is possible {obstacle}");
            return self.terminal().report("No roll-back", text);
        }
        let verdicts = self.processes.step(step);
        self.take_verdicts(verdicts);
        self.tell_steps();
        self.tell_moves();
        self.look_apart();
        self.say_unanswered();
    }

    /// A process says what it runs.
    pub(super) fn heard(&mut self, pid: u32, live: Live) {
        self.processes.hear(pid, live);
        self.tell_moves();
        self.look_apart();
    }

    /// One line for the step, events for each process.
    pub(super) fn tell_steps(&mut self) {
        let steps = self.processes.steps();
        let done = |step: &&Stepped| matches!(step.answer, Returned::RolledBack { .. });
        let (taken, all) = (steps.iter().filter(done).count(), self.processes.count());
        let processes = match (taken, all) {
            (_, ..=1) => String::new(),
            (taken, all) if taken == all => format!(", {all} processes"),
            (taken, all) => format!(", {taken} of {all} processes"),
        };
        let mut shown = false;
        for Stepped {
            pid,
            step,
            answer,
            time,
        } in &steps
        {
            match answer {
                Returned::RolledBack {
                    generation,
                    to,
                    functions,
                    notes,
                } => {
                    self.sources.moved = true;
                    self.sources.stepped_back = *step == Step::Back;
                    self.record_roll_back(*pid, (*generation, *to), functions, RolledBackBy::Key);
                    if *step == Step::Back {
                        self.record_undone(*pid, *generation, functions, *time);
                    }
                    let verb = match step {
                        Step::Back => "Rolled back",
                        Step::Forward => "Rolled on",
                    };
                    if !std::mem::replace(&mut shown, true) {
                        let (count, names) = (counted(functions.len(), "function"), listed(functions));
                        let text = format!(
                            "{count} to generation {to}: {names} (generation {generation}{processes})"
                        );
                        self.note_last(format!(
                            "rolled back to generation {to} (generation {generation})"
                        ));
                        self.terminal().status(verb, text);
                    }
                    self.terminal().notes(&told(*pid, notes));
                }
                Returned::Refused { code, message } => {
                    self.log().record(&Event::Refused {
                        code,
                        message,
                        place: None,
                        pid: Some(*pid),
                    });
                    let text = format_args!("process {pid} was not rolled back: {message}");
                    self.terminal().coded_error(code, text);
                }
            }
        }
    }

    /// The event that the key had before there were roll-backs.
    fn record_undone(&self, pid: u32, generation: u64, functions: &[String], time: Duration) {
        let ms = Phases {
            commit: time,
            total: time,
            ..Phases::default()
        };
        self.log().record(&Event::Undone {
            pid,
            generation,
            functions,
            ms,
        });
    }

    /// Where processes went by themselves.
    pub(super) fn tell_moves(&mut self) {
        for moved in self.processes.moves() {
            self.sources.moved = true;
            self.sources.stepped_back = false;
            let Moved {
                pid,
                generation,
                direction,
            } = moved;
            let (number, functions) = (generation.number, &generation.functions);
            let names = listed(functions);
            match generation.origin {
                Origin::RollBack(to) => {
                    self.record_roll_back(pid, (number, to), functions, RolledBackBy::Others);
                    let verb = match direction {
                        Direction::Back => "Rolled back",
                        Direction::Forward => "Rolled on",
                    };
                    let by = "by itself or by another command";
                    let what = match functions.len() {
                        0 => "no function runs other code than before".to_owned(),
                        _ => names,
                    };
                    let text =
                        format!("process {pid} to generation {to}, {by}: {what} (generation {number})");
                    self.note_last(format!(
                        "process {pid} went to generation {to} {by} (generation {number})"
                    ));
                    self.terminal().status(verb, text);
                }
                Origin::Built | Origin::Patch(_) => {
                    let known = self.processes.knows(generation.head);
                    self.log().record(&Event::PatchedByOthers {
                        pid,
                        generation: number,
                        functions,
                        known,
                    });
                    let text = format!(
                        "process {pid}, by itself or by another command: {names} (generation {number})"
                    );
                    self.terminal().status("Patched", text);
                    if let Some(stranger) = generation.head.filter(|_| !known) {
                        let refusal = self.unknown(pid, stranger);
                        self.terminal().refusal(&refusal);
                        self.log().record(&Event::Refused {
                            code: refusal.code().as_str(),
                            message: &refusal.full_message(),
                            place: None,
                            pid: Some(pid),
                        });
                    }
                }
            }
        }
    }

    fn record_roll_back(
        &self,
        pid: u32,
        (generation, to): (u64, u64),
        functions: &[String],
        by: RolledBackBy,
    ) {
        let sources = match self.apart_from_all() {
            true => SourcesAre::Ahead,
            false => SourcesAre::Live,
        };
        self.log().record(&Event::RolledBack {
            pid,
            generation,
            to,
            functions,
            by,
            sources: Some(sources),
        });
    }

    /// Whether a process of the program runs something else than the sources hold, as far as that is known.
    fn apart_from_all(&self) -> bool {
        let is_live = |head| self.sources.code == Some(head);
        !self.processes.heads().all(is_live)
    }

    /// Says when the sources and the processes come apart, and when they meet again.
    pub(super) fn look_apart(&mut self) {
        match (self.apart_from_all(), self.sources.apart) {
            // What this session does not know it cannot bring back; `unknown` has said so.
            (true, None) if self.sources.moved && self.processes.standing().strangers.is_empty() => {
                self.sources.apart = Some(Instant::now());
                self.bench.withdraw_live();
                let mut note =
                    "the sources are ahead of the program now: the next save, also of an unchanged file, is \
                                compared with what runs, and brings back what they still hold"
                        .to_owned();
                if self.keys_are_on && self.sources.stepped_back {
                    note += "; `f` goes forward again";
                }
                self.terminal().notes(&[note]);
            }
            (false, None) => self.sources.moved = false,
            (false, Some(_)) => {
                (self.sources.moved, self.sources.apart) = (false, None);
                let note = "the program runs what the sources hold again".to_owned();
                self.terminal().notes(&[note]);
                if let Some(generation) = self.processes.generation()
                    && !self.bench.is_stale()
                {
                    self.bench.publish_live(generation);
                }
            }
            _ => {}
        }
    }

    /// What there is to say where the sources and a process are apart.
    pub(super) fn apart(&self) -> Option<&'static str> {
        self.sources.apart.map(|_| {
            "ahead of what runs, since a process went to another generation: the next save, also of an unchanged file, \
             brings back what they still hold"
        })
    }

    /// A process has said "not now", so the next save counts, also of an unchanged file. `None`: it has taken all.
    pub(super) fn put_off(&mut self, since: Option<Instant>) {
        self.sources.put_off = since;
    }

    /// Whether a save counts also if it changes nothing.
    pub(super) fn counts_each_save(&self) -> bool {
        self.sources.apart.is_some() || self.sources.put_off.is_some()
    }

    /// The file of an event that is not about a change, but about a save that the user wants to count: something else
    /// runs than the sources hold.
    pub(super) fn saved_again(&self, event: &FileEvent) -> Option<PathBuf> {
        let since = self.sources.apart.into_iter().chain(self.sources.put_off).min()?;
        let is_save = event.at > since && self.bench.inputs().contains(&event.path);
        is_save.then(|| event.path.clone())
    }

    /// What the next comparison is with: what the processes run.
    ///
    /// # Errors
    ///
    /// This session does not know it.
    pub(super) fn heads_to_follow(&mut self) -> Result<Vec<Option<PatchId>>> {
        for (pid, live) in self.inbox.take_live() {
            self.processes.hear(pid, live);
        }
        self.tell_moves();
        let standing = self.processes.standing();
        let mut heads = standing.heads;
        if let (true, Some((pid, stranger))) = (heads.is_empty(), standing.strangers.first()) {
            return Err(self.unknown(*pid, *stranger).into());
        }
        // A patch for any generation cannot come too late.
        if self.overtaken == ATTEMPTS && !heads.contains(&None) {
            heads.push(None);
        }
        Ok(heads)
    }

    /// A process runs code that this session knows nothing of.
    fn unknown(&self, pid: u32, stranger: PatchId) -> Refusal {
        let message = format!("process {pid} runs patch `{stranger}`, which this session did not make");
        let refusal = Refusal::new(code::PARENT, message)
            .note("edits are compared with what runs, and what that is this session cannot know")
            .help(format!(
                "`cargo hotpatch rollback --pid {pid}` takes that patch back"
            ))
            .help(RESTART);
        match self.advice() {
            Some(advice) => refusal.advise(advice),
            None => refusal.without_advice(),
        }
    }
}
