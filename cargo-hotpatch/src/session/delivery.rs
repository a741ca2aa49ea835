//! What is on its way to one process: carried out by a thread of its own, so that no process holds up another.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use hotpatch_abi::code;
use hotpatch_abi::generation::{GenerationStatus, Live, Origin};
use hotpatch_abi::manifest::PatchId;

use super::processes::SessionPatch;
use crate::channel::{Answer, Channel, Patience, Returned};
use crate::generations;

/// What one process answered to one patch.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) pid: u32,
    pub(super) patch: PatchId,
    pub(super) answer: Answer,
    /// From the offer to the answer.
    pub(super) time: Duration,
    /// The process went to another generation while the patch was made: what it lacks is open again.
    pub(super) overtaken: bool,
}

/// Why a process is brought to a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The patch was just made, for what the process ran then.
    Offer,
    /// The others have it.
    CatchUp,
}

/// A step through the generations of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To the generation before the one whose code is live.
    Back,
    /// To the one that the last step back came from.
    Forward,
}

/// What one process answered to a step.
#[derive(Debug)]
pub(super) struct Stepped {
    pub(super) pid: u32,
    pub(super) step: Step,
    pub(super) answer: Returned,
    pub(super) time: Duration,
}

/// What came of what one process was asked to do.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) pid: u32,
    /// One for each patch, up to the first that was not applied.
    pub(super) verdicts: Vec<Verdict>,
    pub(super) stepped: Option<Stepped>,
    /// What the process runs, as far as it was heard.
    pub(super) live: Option<Live>,
    /// The last generation that it made because it was asked to; 0 if it made none.
    pub(super) made: u64,
    /// The process closed its end, or ended.
    pub(super) lost: bool,
}

impl Verdict {
    pub(super) fn is_applied(&self) -> bool {
        matches!(self.answer, Answer::Applied { .. })
    }
}

impl Delivery {
    /// Brings a process to a patch of the session: offers it, and before it those that it needs and the process lacks.
    /// Waits for as long as the process lives: it may stand still under a debugger, and what it was offered it takes
    /// when it goes on.
    pub(super) fn bring(
        pid: u32,
        channel: &Arc<Channel>,
        patches: &[SessionPatch],
        target: PatchId,
        cause: Cause,
    ) -> Self {
        let mut delivery = Self::begin(pid, channel);
        delivery.try_bring(channel, patches, target, cause);
        delivery.end(channel)
    }

    /// Has a process go back or forward by one step.
    pub(super) fn step(pid: u32, channel: &Arc<Channel>, step: Step) -> Self {
        let mut delivery = Self::begin(pid, channel);
        let start = Instant::now();
        let answer = delivery.try_step(channel, step).unwrap_or_else(|error| {
            delivery.lost = true;
            let (code, message) = no_answer(pid, &error);
            Returned::Refused { code, message }
        });
        delivery.stepped = Some(Stepped {
            pid,
            step,
            answer,
            time: start.elapsed(),
        });
        delivery.end(channel)
    }

    fn begin(pid: u32, channel: &Channel) -> Self {
        Self {
            pid,
            verdicts: Vec::new(),
            stepped: None,
            live: None,
            made: 0,
            lost: channel.set_patience(Patience::Endless).is_err(),
        }
    }

    fn end(mut self, channel: &Channel) -> Self {
        self.lost |= channel.set_patience(Patience::Limited).is_err();
        self
    }

    fn try_bring(&mut self, channel: &Channel, patches: &[SessionPatch], target: PatchId, cause: Cause) {
        let start = Instant::now();
        match channel.live_after(u64::MAX) {
            Ok(live) => self.live = Some(live),
            Err(error) => return self.note(target, Err(error), start, false),
        }
        let is_known = |head| patches.iter().any(|patch| patch.id == head);
        if self.head().is_some_and(|head| !is_known(head)) {
            let answer = Answer::refused(
                code::PARENT,
                "it has taken a patch of somebody else in the meantime",
            );
            return self.note(target, Ok(answer), start, cause == Cause::Offer);
        }
        let has = self.live.as_ref().map_or(&[][..], |live| &live.patches);
        for patch in way(patches, target, has) {
            let start = Instant::now();
            let stands_there = patch.parent.is_none() || patch.parent == self.head();
            // It stands where it is by its own doing, unless this has brought it there.
            let overtaken = !stands_there && self.made == 0 && cause == Cause::Offer;
            let answer = match (stands_there, overtaken) {
                (true, _) => channel.apply(&patch.path),
                (false, false) => self.put(channel, patch),
                (false, true) => Ok(Answer::refused(
                    code::PARENT,
                    "it has gone to another generation in the meantime",
                )),
            };
            let overtaken = overtaken
                || answer
                    .as_ref()
                    .is_ok_and(|answer| answer.is_refused_for(code::PARENT));
            self.note(patch.id, answer, start, overtaken);
            if !self.verdicts.last().is_some_and(Verdict::is_applied) {
                break;
            }
        }
        if !self.lost && !self.verdicts.last().is_some_and(Verdict::is_applied) {
            self.live = channel.live_after(u64::MAX).ok().or(self.live.take());
        }
    }

    fn head(&self) -> Option<PatchId> {
        self.live.as_ref().and_then(|live| live.generation.head)
    }

    /// Takes the process, which this has brought further, back to what the patch follows on, and offers the patch.
    fn put(&mut self, channel: &Channel, patch: &SessionPatch) -> Result<Answer> {
        let history = channel.history()?;
        let mut kept = history.generations.iter().rev();
        let Some(to) = kept.find(|generation| generation.head == patch.parent) else {
            return Ok(Answer::refused(
                code::GENERATION,
                "the generation that the patch follows on is not kept any more; `keep_generations` decides how many are",
            ));
        };
        match channel.roll_back(Some(to.number))? {
            Returned::RolledBack { generation, .. } => self.made = generation,
            Returned::Refused { code, message } => return Ok(Answer::Refused { code, message }),
        }
        channel.apply(&patch.path)
    }

    fn note(&mut self, patch: PatchId, answer: Result<Answer>, start: Instant, overtaken: bool) {
        let pid = self.pid;
        let answer = answer.unwrap_or_else(|error| {
            self.lost = true;
            let (code, message) = no_answer(pid, &error);
            Answer::Refused { code, message }
        });
        if let (Answer::Applied { generation, .. }, Some(live)) = (&answer, &mut self.live) {
            self.made = *generation;
            live.generation = GenerationStatus {
                number: *generation,
                origin: Origin::Patch(patch),
                head: Some(patch),
                ..live.generation.clone()
            };
            live.patches.retain(|loaded| *loaded != patch);
            live.patches.push(patch);
        }
        self.verdicts.push(Verdict {
            pid,
            patch,
            answer,
            time: start.elapsed(),
            overtaken,
        });
    }

    fn try_step(&mut self, channel: &Channel, step: Step) -> Result<Returned> {
        let to = match step {
            Step::Back => None,
            Step::Forward => match generations::forward(&channel.history()?) {
                Some(to) => Some(to),
                None => {
                    return Ok(Returned::refused(
                        code::GENERATION,
                        "there is no later generation to go forward to",
                    ));
                }
            },
        };
        let answer = channel.roll_back(to)?;
        if let Returned::RolledBack { generation, .. } = answer {
            self.made = generation;
        }
        self.live = Some(channel.live_after(u64::MAX)?);
        Ok(answer)
    }
}

fn no_answer(pid: u32, error: &anyhow::Error) -> (String, String) {
    let message = format!("process {pid} did not answer: {error:#}");
    (code::NO_ANSWER.to_string(), message)
}

/// What leads to a patch, in the order of the session, without what a process has.
fn way<'a>(patches: &'a [SessionPatch], target: PatchId, has: &[PatchId]) -> Vec<&'a SessionPatch> {
    let mut needed = HashSet::new();
    let mut open = vec![target];
    while let Some(id) = open.pop() {
        let is_missing = id == target || !has.contains(&id);
        if is_missing
            && needed.insert(id)
            && let Some(patch) = patches.iter().find(|patch| patch.id == id)
        {
            open.extend(patch.parent.iter().chain(&patch.images));
        }
    }
    patches
        .iter()
        .filter(|patch| needed.contains(&patch.id))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_patch_passes_over_what_was_rolled_back_from() {
        let patch = |id, parent: Option<u64>, images: &[u64]| SessionPatch {
            id: PatchId(id),
            path: format!("{id}.so").into(),
            parent: parent.map(PatchId),
            images: images.iter().copied().map(PatchId).collect(),
        };
        // 3 and 4 follow on a roll-back to 1; only 4 uses what 2 has brought.
        let patches = [
            patch(1, None, &[]),
            patch(2, Some(1), &[1]),
            patch(3, Some(1), &[]),
            patch(4, Some(3), &[2]),
        ];
        let check = |target, has: &[u64], expected: &[u64]| {
            let has: Vec<_> = has.iter().copied().map(PatchId).collect();
            let way: Vec<_> = way(&patches, PatchId(target), &has)
                .iter()
                .map(|patch| patch.id.0)
                .collect();
            assert_eq!(way, expected, "to {target} with {has:?}");
        };
        check(1, &[], &[1]);
        check(3, &[], &[1, 3]);
        check(4, &[], &[1, 2, 3, 4]);
        check(4, &[1, 2, 3], &[4]);
        check(2, &[1, 2], &[2]);
    }
}
