//! What is wrong with a file that the sandbox is to run.

use crate::host::error::ErrorKind;

/// What is wrong with a file. The text goes on after a mention of the file: `it is no valid WebAssembly`.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) kind: ErrorKind,
    pub(super) text: String,
}

impl Flaw {
    /// It does not hold together.
    pub(super) fn malformed(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Malformed,
            text: text.into(),
        }
    }

    /// The sandbox cannot run it.
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Sandbox,
            text: text.into(),
        }
    }

    /// It asks for more than it may have. `setting` is the method of [`Limits`](super::Limits) that decides.
    pub(super) fn limit(what: &str, wanted: u64, limit: u64, setting: &str) -> Self {
        Self::refused(format!(
            "it asks for {wanted} {what}, and its limit is {limit}: let it have more with `Limits::{setting}`, or make it \
             need less"
        ))
    }

    /// It imports what the sandbox does not have.
    pub(super) fn import(module: &str, name: &str) -> Self {
        Self::refused(format!(
            "it imports `{module}.{name}`, and the sandbox offers nothing but `hotpatch.write`: build it for \
             `wasm32-unknown-unknown`, without a system interface such as WASI"
        ))
    }
}
