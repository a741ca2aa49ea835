//! What became of the files that are followed.

use std::fmt;
use std::path::PathBuf;

use hotpatch_abi::manifest::PatchId;

use crate::refusal::Refusal;
use crate::report::Applied;

/// A file that is followed, and what became of it. See [`follow`](crate::follow()).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Followed {
    /// The file, or the folder if that is what cannot be read.
    pub path: PathBuf,
    /// The patch in it, if it is whole.
    pub patch: Option<PatchId>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a file that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// This look has taken the patch live.
    Applied(Applied),
    /// The patch is part of what is live.
    Live,
    /// The patch was refused, in this look or in an earlier one.
    Refused(Refusal),
    /// The patch needs another one, which is not live. It is applied when that one is.
    Waiting {
        /// The other patch.
        on: PatchId,
    },
    /// The patch was not offered, because another one was taken in its place.
    PassedOver {
        /// The other patch.
        by: PatchId,
    },
    /// The patch was live. The program went back to before it, or another patch has replaced everything.
    Left,
    /// The file is no patch, or not yet a whole one.
    NotWhole,
    /// The file or the folder cannot be read or watched, for this reason.
    Unreadable(String),
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.path.display())?;
        match (self.patch, &self.outcome) {
            (_, Outcome::Unreadable(_)) | (None, _) => {}
            (Some(patch), _) => write!(f, " (patch `{patch}`)")?,
        }
        write!(f, " {}", self.outcome)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied(applied) => {
                write!(
                    f,
                    "is live: generation {} switched {}",
                    applied.generation,
                    applied.functions.join(", ")
                )
            }
            Self::Live => write!(f, "is part of what is live"),
            Self::Refused(refusal) => write!(f, "was refused: {refusal}"),
            Self::Waiting { on } => write!(
                f,
                "waits for patch `{on}`, which is not live; it is applied when that one is"
            ),
            Self::PassedOver { by } => write!(
                f,
                "was passed over: patch `{by}` was taken in its place; make it again for what runs"
            ),
            Self::Left => write!(f, "was live and is no more"),
            Self::NotWhole => write!(f, "is not a patch file, or not yet a whole one"),
            Self::Unreadable(reason) => write!(f, "cannot be followed: {reason}"),
        }
    }
}
