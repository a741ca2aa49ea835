//! The patches that were live in this process, and the patch that each followed on: the last few thousand of them.
//!
//! It outlasts images and the history: whoever offers patches by themselves must never offer what the program has left.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hotpatch_abi::manifest::PatchId;

/// A process that takes patches for ever must not need more and more memory for them.
const KEPT: usize = 4096;

#[derive(Default)]
struct Lineage {
    parents: HashMap<PatchId, Option<PatchId>>,
    /// In the order in which they became live for the first time.
    order: VecDeque<PatchId>,
}

static LINEAGE: Mutex<Option<Lineage>> = Mutex::new(None);

/// `patch` becomes live now. It follows on `parent`, or on the program as built.
pub(crate) fn note(patch: PatchId, parent: Option<PatchId>) {
    let mut lineage = lock();
    let lineage = lineage.get_or_insert_default();
    if lineage.parents.insert(patch, parent).is_none() {
        lineage.order.push_back(patch);
        if lineage.order.len() > KEPT
            && let Some(oldest) = lineage.order.pop_front()
        {
            lineage.parents.remove(&oldest);
        }
    }
}

/// Whether `patch` was live, as far as that is known.
pub(crate) fn was_live(patch: PatchId) -> bool {
    lock()
        .as_ref()
        .is_some_and(|lineage| lineage.parents.contains_key(&patch))
}

/// `head`, which was live, and what it followed on, back to a patch that fits anywhere.
pub(crate) fn chain(head: PatchId) -> Vec<PatchId> {
    let lineage = lock();
    let parent = |patch: &PatchId| lineage.as_ref()?.parents.get(patch).copied().flatten();
    std::iter::successors(Some(head), parent).collect()
}

/// Whether nobody is at it.
pub(crate) fn is_free() -> bool {
    LINEAGE.try_lock().is_ok()
}

fn lock() -> MutexGuard<'static, Option<Lineage>> {
    LINEAGE.lock().unwrap_or_else(PoisonError::into_inner)
}
