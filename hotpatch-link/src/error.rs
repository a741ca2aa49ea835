//! The one error of this crate.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use hotpatch_abi::code::{self, Code};

/// Why no patch could be made. Nothing has been changed anywhere.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
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

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            notes: Vec::new(),
            source: None,
        }
    }

    pub(crate) fn unreadable(path: &Path, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let message = format!("cannot read `{}`", path.display());
        Self {
            code: code::LINK,
            message,
            notes: Vec::new(),
            source: Some(source.into()),
        }
    }

    pub(crate) fn malformed(object: &str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let message = format!("cannot parse object `{object}`");
        Self {
            code: code::RELOCATION,
            message,
            notes: Vec::new(),
            source: Some(source.into()),
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
