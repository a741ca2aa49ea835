//! What the harness says about an edit.

use crate::data::Outcome;

/// Something is not as it must be.
#[derive(Clone, Debug)]
pub(crate) enum Problem {
    /// The tool said something else than it must.
    Wrong(String),
    /// The program crashed, hung, lost state or answered wrongly, or the tool claimed what is not so.
    Silent(String),
}

impl Problem {
    /// Says when it happened.
    pub(crate) fn when(self, when: &str) -> Self {
        match self {
            Self::Wrong(text) => Self::Wrong(format!("{when}: {text}")),
            Self::Silent(text) => Self::Silent(format!("{when}: {text}")),
        }
    }
}

/// An edit that was made, in one profile.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// `game/debug/widened_field`.
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) expected: Outcome,
    pub(crate) problem: Option<Problem>,
}
