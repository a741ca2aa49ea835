//! One edit: from a save to the acknowledgement of the processes.
//!
//! Invariant: every edit ends in exactly one of: applied, nothing to do, refused, restart needed, build failed.

use std::time::{Duration, Instant};

use anyhow::Result;
use hotpatch_abi::code;
use hotpatch_link::{Draft, Explanation, Parent, Patch};

use super::delivery::Verdict;
use super::in_doubt::InDoubt;
use super::inbox::FileEvent;
use super::main_loop::Session;
use super::processes::SessionPatch;
use crate::channel::{Answer, told};
use crate::control_dir;
use crate::diagnostic::Diagnostic;
use crate::edit::{Edit, Rebuilt, timed};
use crate::events::{Event, Phases};
use crate::refusal::Refusal;
use crate::terminal::{counted, listed};
use crate::workbench::Compared;

/// How often an edit is compared again because a process went to another generation in the meantime.
pub(super) const ATTEMPTS: u32 = 2;

impl Session {
    /// Takes up what was saved since the last look, and what is saved meanwhile.
    ///
    /// # Errors
    ///
    /// The files cannot be watched any more.
    pub(super) fn edit(&mut self, first: FileEvent) -> Result<()> {
        let mut next = Some(first);
        // What rustc said last. It counts only when nothing was saved meanwhile: an editor that empties a file before
        // it writes may have been caught in between.
        let mut failed = None;
        let mut looked_again = false;
        while let Some(event) = next {
            let at = event.at;
            // A new file matters to sources that do not compile without it.
            let awaited = Some(&event.path).filter(|path| self.bench.is_stale() && path.is_file());
            let awaited = awaited
                .filter(|path| !self.bench.inputs().contains(path))
                .cloned();
            let folder = event.path.is_dir();
            let again = self.saved_again(&event);
            self.inbox.settle(event);
            if folder {
                // One that was awaited, with files that may have been written before anyone looked at it.
                self.follow()?;
            }
            self.wait_for_missing();
            let mut found = self.bench.look();
            found.files.extend(awaited);
            if found.files.is_empty() {
                found.files.extend(again);
            }
            if !found.files.is_empty() {
                self.withdraw();
                self.called_for = None;
                failed = self.take_up(&found, at);
                looked_again = false;
                self.follow()?;
            }
            next = self.inbox.take_file_events();
            if next.is_none() && failed.is_some() && !looked_again {
                // The event of what was saved meanwhile may still be on its way.
                looked_again = true;
                next = Some(FileEvent::now());
            }
        }
        self.look_apart();
        self.follow_up();
        if let Some(diagnostics) = failed {
            self.options.terminal.diagnostics(&diagnostics);
            self.terminal()
                .error("the edit does not compile; the program runs on as it is");
            self.log().record(&Event::BuildFailed);
            self.note_last("does not compile".to_owned());
        }
        Ok(())
    }

    /// Waits while an editor replaces a file: a compiler that starts now would not find it.
    fn wait_for_missing(&self) {
        const PATIENCE: Duration = Duration::from_millis(150);
        let start = Instant::now();
        while self.bench.any_missing() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns what rustc said if the edit does not compile.
    fn take_up(&mut self, found: &Edit, at: Instant) -> Option<Vec<Diagnostic>> {
        self.log().record(&Event::ChangeDetected { files: &found.files });
        let is_apart = self.counts_each_save();
        self.sources.changed();
        if let Some(refusal) = &found.restart {
            self.need_restart(refusal.clone().note("the program runs on as it is"));
            return None;
        }
        if !self.bench.is_stale() && is_apart {
            // Nothing is to be compiled, and something else runs.
            self.offer(at, Duration::ZERO);
            return None;
        }
        if !self.bench.is_stale() {
            // A manifest or the like that is again what it was.
            self.nothing_to_do(&[]);
            return None;
        }
        let (rebuilt, replay) = timed(|| self.bench.rebuild(self.options.terminal));
        match rebuilt {
            Ok(Rebuilt::Compiled(compilation)) => {
                self.log().record(&Event::Compiled {
                    crates: &compilation.compiled,
                    reused: &compilation.reused,
                });
                self.offer(at, replay);
            }
            Ok(Rebuilt::Interrupted) => self.not_offered(),
            Ok(Rebuilt::Failed(diagnostics)) => return Some(diagnostics),
            Err(error) => {
                self.terminal().failure(&error);
                self.log().record(&Event::BuildFailed);
                self.note_last(format!("could not be compiled: {error:#}"));
            }
        }
        None
    }

    /// Compares what is compiled with what is live and offers the difference.
    pub(super) fn offer(&mut self, at: Instant, replay: Duration) {
        if self.nothing_hot || !self.processes.any() {
            match self.may_attach() {
                true => self.owed = Some(at),
                false => self.decline(self.nobody_attached()),
            }
            return;
        }
        if self.in_doubt.is_some() || !self.processes.any_free() {
            self.owed = Some(at);
            return self.say_unanswered();
        }
        if let Err(error) = self.try_offer(at, replay) {
            let refusal = match error.downcast::<Refusal>() {
                Ok(refusal) => refusal,
                Err(error) => Refusal::new(code::LINK, format!("{error:#}")).note("the old code runs on"),
            };
            self.decline(refusal);
        }
    }

    fn try_offer(&mut self, at: Instant, replay: Duration) -> Result<()> {
        let heads = self.heads_to_follow()?;
        let (change, compare) = timed(|| self.bench.compare(&heads));
        match change? {
            Compared::Nothing { notes } => {
                if let [head] = heads[..] {
                    self.sources.live(head);
                }
                self.nothing_to_do(&notes);
                Ok(())
            }
            Compared::Patch(draft) => {
                let ms = Phases {
                    replay,
                    compare,
                    ..Phases::default()
                };
                self.carry_out(draft, at, ms)
            }
        }
    }

    fn nothing_to_do(&mut self, notes: &[String]) {
        self.note_last("changed no code".to_owned());
        self.log().record(&Event::NothingToDo { notes });
        self.terminal().status("Unchanged", "the edit changes no code");
        self.terminal().notes(notes);
    }

    /// Links a patch and offers it to the processes.
    fn carry_out(&mut self, draft: Draft, at: Instant, mut ms: Phases) -> Result<()> {
        let patch = self.bench.link(draft, Parent::Live, None)?;
        (ms.bind, ms.link) = (patch.bind, patch.link);
        let verdicts = self.processes.offer(SessionPatch {
            id: patch.id,
            path: patch.path.clone(),
            parent: patch.parent,
            images: patch.images.clone(),
        });
        ms.total = at.elapsed();
        self.in_doubt = Some(InDoubt { patch, at, ms });
        self.take_verdicts(verdicts);
        self.say_unanswered();
        Ok(())
    }

    /// The processes have answered to a patch, or some of them.
    pub(super) fn conclude(&mut self, offered: InDoubt, verdicts: &[Verdict]) {
        let InDoubt { patch, at, ms } = offered;
        let explanation = self.bench.explain(patch.draft());
        let id = patch.id;
        match self.commit(patch, verdicts) {
            // With an edit that waits, the sources are ahead.
            Some(generation) if self.owed.is_none() => {
                self.sources.live(Some(id));
                self.bench.publish_live(generation);
            }
            Some(_) => self.bench.withdraw_live(),
            None => {}
        }
        let is_overtaken = |verdict: &&Verdict| verdict.overtaken && self.overtaken < ATTEMPTS;
        let (overtaken, others): (Vec<_>, Vec<_>) = verdicts.iter().partition(is_overtaken);
        self.report(&others, &explanation, ms);
        self.tell_moves();
        if !overtaken.is_empty() {
            // What the process lacks is another thing now.
            self.overtaken += 1;
            self.offer(at, ms.replay);
            self.overtaken -= 1;
        }
    }

    /// Notes that a process took a patch, if one did. Returns the generation.
    fn commit(&mut self, patch: Patch, verdicts: &[Verdict]) -> Option<u64> {
        let generations = verdicts.iter().filter_map(|verdict| match verdict.answer {
            Answer::Applied { generation, .. } if verdict.patch == patch.id => Some(generation),
            _ => None,
        });
        let generation = generations.max()?;
        self.put_off(None);
        self.bench.commit(patch);
        Some(generation)
    }

    /// One line for the edit, one event for each process.
    fn report(&mut self, verdicts: &[&Verdict], explanation: &Explanation, mut ms: Phases) {
        let (taken, all) = (
            verdicts.iter().filter(|verdict| verdict.is_applied()).count(),
            self.processes.count(),
        );
        let processes = match (taken, all) {
            (_, ..=1) => String::new(),
            (taken, all) if taken == all => format!(", {all} processes"),
            (taken, all) => format!(", {taken} of {all} processes"),
        };
        let mut shown = false;
        for Verdict {
            pid, answer, time, ..
        } in verdicts
        {
            match answer {
                Answer::Applied {
                    generation,
                    functions,
                    notes,
                } => {
                    ms.commit = *time;
                    let told = told(*pid, notes);
                    let notes: Vec<String> = explanation.notes.iter().chain(&told).cloned().collect();
                    let (generation, pid) = (*generation, *pid);
                    self.log().record(&Event::Applied {
                        pid,
                        generation,
                        functions,
                        unreached: &explanation.unreached,
                        notes: &notes,
                        ms,
                    });
                    if !shown {
                        let (count, names) = (counted(functions.len(), "function"), listed(functions));
                        let total = ms.total.as_millis();
                        let text =
                            format!("{count} in {total} ms: {names} (generation {generation}{processes})");
                        self.note_last(format!("applied: {names} (generation {generation})"));
                        self.terminal().status("Patched", text);
                        let find = |subject: &_| self.bench.place_of(subject);
                        self.terminal().explain(explanation, find);
                    }
                    self.terminal().notes(&told);
                    shown = true;
                }
                Answer::Refused { code, message } => {
                    self.report_refusal(*pid, code, message);
                    self.note_last(format!("refused by process {pid} with {code}: {message}"));
                    let is_code = |known: code::Code| code == known.as_str();
                    if is_code(code::VETO) || is_code(code::DRAIN) {
                        self.put_off(Some(Instant::now()));
                        self.terminal()
                            .help("save again later, also an unchanged file: then the edit is offered again");
                    } else if !is_code(code::NO_ANSWER) {
                        // One that does not answer has ended, or gets the patch later.
                        self.call_for_restart(code);
                        if let Some(advice) = self.advice() {
                            self.terminal().help(advice);
                        }
                    }
                }
            }
        }
    }

    /// What a process said to a patch.
    pub(super) fn report_refusal(&self, pid: u32, code: &str, message: &str) {
        self.log().record(&Event::Refused {
            code,
            message,
            place: None,
            pid: Some(pid),
        });
        self.terminal()
            .coded_error(code, format_args!("process {pid} refused the patch: {message}"));
    }

    /// What processes answered that joined when there were patches already, or that stood still when they were offered.
    pub(super) fn report_late(&mut self, verdicts: &[Verdict]) {
        for Verdict {
            pid, answer, time, ..
        } in verdicts
        {
            let ms = Phases {
                commit: *time,
                total: *time,
                ..Phases::default()
            };
            if let Answer::Applied {
                generation,
                functions,
                notes,
            } = answer
            {
                let told = told(*pid, notes);
                let text = format!(
                    "process {pid} up to generation {generation}: {}",
                    listed(functions)
                );
                self.terminal().status("Brought", text);
                self.terminal().notes(&told);
                self.log().record(&Event::Applied {
                    pid: *pid,
                    generation: *generation,
                    functions,
                    unreached: &[],
                    notes: &told,
                    ms,
                });
            }
        }
        for Verdict {
            pid,
            answer,
            overtaken,
            ..
        } in verdicts
        {
            match answer {
                // It has just ended, which is told as such.
                Answer::Refused { code, .. }
                    if code == code::NO_ANSWER.as_str() && !control_dir::is_alive(*pid) => {}
                Answer::Refused { .. } if *overtaken => self.owed = Some(Instant::now()),
                Answer::Refused { code, message } => self.report_refusal(*pid, code, message),
                Answer::Applied { .. } => {}
            }
        }
    }
}
