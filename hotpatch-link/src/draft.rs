//! A patch that has been compared, on its way to the linker, and what its author should know of it.

use std::sync::Arc;

use crate::instances::Adopted;
use crate::notes::Findings;
use crate::program::{Atom, Program};
use crate::reasons::{Crates, Unreached};
use crate::selection::Selection;
use crate::states::States;

/// A patch that has been compared, not yet linked.
#[derive(Debug)]
pub struct Draft {
    pub(crate) program: Arc<Program>,
    pub(crate) selection: Box<Selection>,
    pub(crate) states: Box<States>,
    pub(crate) findings: Box<Findings>,
    pub(crate) adopted: Adopted,
    pub(crate) published: Vec<String>,
    pub(crate) crates: Crates,
    /// What changed since the last comparison.
    pub(crate) changed: Vec<Atom>,
    pub(crate) notes: Vec<String>,
}

impl Draft {
    /// Full paths of the hot functions to publish.
    pub fn published(&self) -> &[String] {
        &self.published
    }
}

/// What the author should know of a patch that is live.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// The functions that the edit changed and that stay as they were.
    pub unreached: Vec<Unreached>,
    /// Facts, one sentence each.
    pub notes: Vec<String>,
}
