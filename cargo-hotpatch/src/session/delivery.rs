//! Patches on their way to one process: offered in order by a thread of their own, so that no process holds up another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hotpatch_abi::code;
use hotpatch_abi::manifest::PatchId;

use super::processes::SessionPatch;
use crate::channel::{Answer, Channel, Patience};

/// What one process answered to one patch.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) pid: u32,
    pub(super) patch: PatchId,
    pub(super) answer: Answer,
    /// From the offer to the answer.
    pub(super) time: Duration,
}

/// What came of the patches that one process was offered.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) pid: u32,
    /// One for each patch, up to the first that was not applied.
    pub(super) verdicts: Vec<Verdict>,
    /// The process closed its end, or ended.
    pub(super) lost: bool,
}

impl Verdict {
    pub(super) fn is_applied(&self) -> bool {
        matches!(self.answer, Answer::Applied { .. })
    }
}

impl Delivery {
    /// Offers the patches, until one is not applied. Waits for as long as the process lives: it may stand still under a
    /// debugger, and what it was offered it takes when it goes on.
    pub(super) fn make(pid: u32, channel: &Arc<Channel>, patches: &[SessionPatch]) -> Self {
        let mut delivery = Self {
            pid,
            verdicts: Vec::new(),
            lost: channel.set_patience(Patience::Endless).is_err(),
        };
        for patch in patches {
            let start = Instant::now();
            let answer = channel.apply(&patch.path).unwrap_or_else(|error| {
                delivery.lost = true;
                let message = format!("process {pid} did not answer: {error:#}");
                Answer::Refused {
                    code: code::NO_ANSWER.to_string(),
                    message,
                }
            });
            delivery.verdicts.push(Verdict {
                pid,
                patch: patch.id,
                answer,
                time: start.elapsed(),
            });
            if !delivery.verdicts.last().is_some_and(Verdict::is_applied) {
                break;
            }
        }
        delivery.lost |= channel.set_patience(Patience::Limited).is_err();
        delivery
    }
}
