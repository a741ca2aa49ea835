//! The one error of this crate.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use hotpatch_abi::code::{self, Code};

use crate::Subject;

/// Why no patch could be made. Nothing has been changed anywhere.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
    subject: Option<Box<Subject>>,
    label: Option<Box<str>>,
    notes: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Facts that explain the reason, one for each line.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The item that the error is about.
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_deref()
    }

    /// What to say beside the item in the sources, in a few words. It is not among the notes.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    pub(crate) fn about(mut self, subject: Subject) -> Self {
        self.subject = Some(Box::new(subject));
        self
    }

    pub(crate) fn label_as(mut self, label: impl Into<Box<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            subject: None,
            label: None,
            notes: Vec::new(),
            source: None,
        }
    }

    pub(crate) fn unreadable(path: &Path, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let message = format!("cannot read `{}`", path.display());
        Self {
            source: Some(source.into()),
            ..Self::new(code::LINK, message)
        }
    }

    pub(crate) fn malformed(object: &str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let message = format!("cannot parse object `{object}`");
        Self {
            source: Some(source.into()),
            ..Self::new(code::RELOCATION, message)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
