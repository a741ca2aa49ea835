//! Which patch comes next, and where the others stand: decisions over what is there, without looking at anything.
//!
//! A patch without a parent fits anywhere and replaces everything, so of several the one modified last is wanted. A patch
//! with a parent follows on exactly that one; of several the one modified first is taken, since it is the one that would
//! have come first had they come one by one.

use std::ffi::OsString;
use std::time::SystemTime;

use hotpatch_abi::manifest::PatchId;

/// A patch that can be had.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) id: PatchId,
    pub(super) parent: Option<PatchId>,
    /// The patches that it refers to.
    pub(super) images: Vec<PatchId>,
    pub(super) rank: Rank,
}

/// The order of candidates: by time, then by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(pub(super) SystemTime, pub(super) OsString);

/// What runs in the process.
pub(super) struct State<'a> {
    /// The patch that is live, and all that it follows on. Empty for the program as built.
    pub(super) chain: Vec<PatchId>,
    /// Whether the image of a patch is in the process.
    pub(super) is_resident: &'a dyn Fn(PatchId) -> bool,
}

/// Where a patch stands that is not offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is part of what is live.
    Live,
    /// It needs this patch first.
    Waiting(PatchId),
    /// This patch is live in its place.
    PassedOver(PatchId),
    /// It fits.
    Fits,
}

/// The patch to offer next, of those that may be.
pub(super) fn next<'c>(
    candidates: &'c [Candidate],
    state: &State<'_>,
    may_be_offered: impl Fn(PatchId) -> bool,
) -> Option<&'c Candidate> {
    let fits = |candidate: &&Candidate| {
        standing(candidate, candidates, state) == Standing::Fits && may_be_offered(candidate.id)
    };
    let by_rank = |a: &&Candidate, b: &&Candidate| a.rank.cmp(&b.rank);
    let roots = candidates.iter().filter(|candidate| candidate.parent.is_none());
    let followers = candidates.iter().filter(|candidate| candidate.parent.is_some());
    roots
        .filter(fits)
        .max_by(by_rank)
        .or_else(|| followers.filter(fits).min_by(by_rank))
}

/// Where a patch stands.
pub(super) fn standing(candidate: &Candidate, all: &[Candidate], state: &State<'_>) -> Standing {
    if state.chain.contains(&candidate.id) {
        return Standing::Live;
    }
    let missing = candidate
        .images
        .iter()
        .find(|image| !(state.is_resident)(**image));
    if let Some(parent) = candidate.parent {
        return match state.chain.iter().position(|live| *live == parent) {
            None => Standing::Waiting(parent),
            Some(0) => missing.map_or(Standing::Fits, |missing| Standing::Waiting(*missing)),
            // The chain begins with the newest.
            Some(at) => Standing::PassedOver(state.chain[at - 1]),
        };
    }
    if let Some(missing) = missing {
        return Standing::Waiting(*missing);
    }
    let root = state.chain.last();
    let root = all
        .iter()
        .find(|other| root == Some(&other.id) && other.parent.is_none());
    match root {
        Some(root) if root.rank > candidate.rank => Standing::PassedOver(root.id),
        _ => Standing::Fits,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use hotpatch_abi::manifest::PatchId;

    use super::{Candidate, Rank, Standing, State, next, standing};

    /// A patch modified at second `at`, and what it follows on.
    fn patch(id: u64, at: u64, parent: Option<u64>) -> Candidate {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
        Candidate {
            id: PatchId(id),
            parent: parent.map(PatchId),
            images: Vec::new(),
            rank: Rank(time, id.to_string().into()),
        }
    }

    /// What is offered, one after the other, to a process in which all of it is taken, but for `refused`.
    fn offered(candidates: &[Candidate], live: &[u64], refused: &[u64]) -> Vec<u64> {
        let mut chain: Vec<PatchId> = live.iter().rev().copied().map(PatchId).collect();
        let mut offered = Vec::new();
        let mut resident = chain.clone();
        loop {
            let known = resident.clone();
            let state = State {
                chain: chain.clone(),
                is_resident: &|patch| known.contains(&patch),
            };
            let may = |patch: PatchId| {
                !refused.contains(&patch.0) && !known.contains(&patch) && !offered.contains(&patch.0)
            };
            let Some(next) = next(candidates, &state, may) else {
                return offered;
            };
            offered.push(next.id.0);
            resident.push(next.id);
            if next.parent.is_none() {
                chain.clear();
            }
            chain.insert(0, next.id);
        }
    }

    #[test]
    fn a_chain_is_followed_whatever_the_times() {
        let chain = [
            patch(3, 1, Some(2)),
            patch(1, 9, None),
            patch(4, 0, Some(3)),
            patch(2, 5, Some(1)),
        ];
        assert_eq!(offered(&chain, &[], &[]), [1, 2, 3, 4]);
        assert_eq!(offered(&chain, &[1, 2], &[]), [3, 4]);
        assert_eq!(offered(&chain, &[], &[3]), [1, 2]);
    }

    #[test]
    fn of_those_that_fit_anywhere_the_newest_is_wanted() {
        let roots = [patch(1, 10, None), patch(2, 30, None), patch(3, 20, None)];
        assert_eq!(offered(&roots, &[], &[]), [2]);
        assert_eq!(offered(&roots, &[1], &[]), [2]);
        assert_eq!(offered(&roots, &[2], &[]), []);
        assert_eq!(offered(&roots, &[], &[2]), [3]);
        let state = State {
            chain: vec![PatchId(2)],
            is_resident: &|_| true,
        };
        assert_eq!(
            standing(&roots[0], &roots, &state),
            Standing::PassedOver(PatchId(2))
        );
        // A file that replaces the one that was live may be older than that was.
        assert_eq!(offered(&roots[..1], &[2], &[]), [1]);
    }

    #[test]
    fn of_equal_times_the_name_decides() {
        let roots = [patch(2, 10, None), patch(1, 10, None)];
        assert_eq!(offered(&roots, &[], &[]), [2]);
    }

    #[test]
    fn of_a_fork_the_first_is_taken_and_the_other_passed_over() {
        let fork = [
            patch(1, 1, None),
            patch(3, 9, Some(1)),
            patch(2, 5, Some(1)),
            patch(4, 6, Some(2)),
        ];
        assert_eq!(offered(&fork, &[], &[]), [1, 2, 4]);
        let state = State {
            chain: vec![PatchId(4), PatchId(2), PatchId(1)],
            is_resident: &|_| true,
        };
        assert_eq!(
            standing(&fork[1], &fork, &state),
            Standing::PassedOver(PatchId(2))
        );
        assert_eq!(offered(&fork, &[], &[2]), [1, 3]);
    }

    #[test]
    fn a_gap_holds_up_what_comes_after_it() {
        let gap = [patch(1, 1, None), patch(3, 3, Some(2)), patch(4, 4, Some(3))];
        assert_eq!(offered(&gap, &[], &[]), [1]);
        let state = State {
            chain: vec![PatchId(1)],
            is_resident: &|_| true,
        };
        assert_eq!(standing(&gap[1], &gap, &state), Standing::Waiting(PatchId(2)));
        assert_eq!(standing(&gap[2], &gap, &state), Standing::Waiting(PatchId(3)));
    }

    #[test]
    fn the_images_that_a_patch_refers_to_come_first() {
        let mut root = patch(2, 2, None);
        root.images.push(PatchId(1));
        let patches = [patch(1, 1, None), root];
        assert_eq!(offered(&patches, &[], &[]), [1, 2]);
        assert_eq!(offered(&patches[1..], &[], &[]), []);
    }
}
