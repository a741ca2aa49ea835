//! Expected errors: what the tool says when it cannot do what was asked, with a stable code and the next step.

use std::fmt;

use hotpatch_abi::code::Code;

/// An expected error. Bugs and failing system calls are plain errors instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: Code,
    message: String,
    notes: Vec<String>,
    help: Option<String>,
}

impl Refusal {
    /// A refusal for this reason.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// Adds a fact about the state of things.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds the next step.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The stable code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The reason.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The reason and the facts in one line.
    pub(crate) fn full_message(&self) -> String {
        let facts = self.notes.iter().map(String::as_str);
        std::iter::once(self.message.as_str())
            .chain(facts)
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// The lines below the reason: facts, then the next step.
    pub(crate) fn details(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let notes = self.notes.iter().map(|note| ("note", note.as_str()));
        notes.chain(self.help.iter().map(|help| ("help", help.as_str())))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// The tool ends with this code, and everything has been said already, by cargo or by the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}", self.0)
    }
}

impl std::error::Error for Exit {}
