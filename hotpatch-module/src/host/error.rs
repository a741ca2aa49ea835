//! Why something about modules was refused.

use std::fmt;

/// Something about modules was refused. Nothing has changed: the host runs what it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleError {
    kind: ErrorKind,
    message: String,
}

/// What kind of reason it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file cannot be read.
    Unreadable,
    /// The file is no module: no library that can be loaded, or one without a manifest.
    NotAModule,
    /// The manifest is none, or does not hold together.
    Malformed,
    /// It was made for another version of the manifest.
    AbiMismatch,
    /// It needs another version of the host.
    HostMismatch,
    /// A name that nothing can have.
    BadName,
    /// One change is to change a module twice.
    ChangedTwice,
    /// A module of that name is loaded already.
    AlreadyLoaded,
    /// No module of that name is loaded.
    NotLoaded,
    /// A module that it needs is missing, too old, or of another major version.
    Dependency,
    /// Modules need each other in a circle.
    Cycle,
    /// Other modules need it.
    StillNeeded,
    /// It does not fulfil a contract.
    Contract,
    /// A hook refused.
    Hook,
    /// There is nothing to go back to.
    NothingKept,
    /// The name has a fallback already.
    FallbackTaken,
    /// It was asked for from inside a call of a module, or one of its hooks.
    InsideCall,
    /// The sandbox cannot run it.
    Sandbox,
}

impl ModuleError {
    /// `message` is a lower-case fragment that names both sides and the next step.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The kind of reason, for programs.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Reason, state and next step, for people.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ModuleError {}
