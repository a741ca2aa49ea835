//! Why a call did not succeed.

use std::cell::RefCell;
use std::fmt;

use crate::abi::{STATUS_PANICKED, STATUS_UNAVAILABLE};

/// A call did not succeed. The host goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    function: String,
    kind: CallErrorKind,
    details: Option<String>,
}

/// What became of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// No loaded module offers the function, and it has no fallback.
    Unavailable,
    /// The function panicked, or threw what its language throws. Whatever it had done until then is done.
    Panicked,
    /// The sandbox stopped it.
    Stopped,
    /// The module gave back what no value of the type can be.
    BadValue,
    /// The function itself says so: the status that it gave back.
    Status(i32),
}

thread_local! {
    /// What the last call that did not succeed had to say, with its status.
    static DETAILS: RefCell<Option<(i32, CallErrorKind, Option<String>)>> = const { RefCell::new(None) };
}

/// Notes why the call that runs on this thread does not succeed, for functions of the host that stand for one of a module.
/// Gives back `status`, for the function to give back.
pub(crate) fn note(status: i32, kind: CallErrorKind, details: Option<String>) -> i32 {
    // A thread that ends has no place for it any more.
    let _ = DETAILS.try_with(|noted| noted.replace(Some((status, kind, details))));
    status
}

impl CallError {
    /// A call of `function`, a full name.
    pub(crate) fn new(function: &str, kind: CallErrorKind, details: Option<String>) -> Self {
        Self(Box::new(Inner {
            function: function.into(),
            kind,
            details,
        }))
    }

    /// What `status` stands for, which is not 0 and which a call of `function` has just given back.
    #[cold]
    pub(crate) fn from_status(function: &str, status: i32) -> Self {
        let noted = DETAILS.try_with(RefCell::take).ok().flatten();
        match noted {
            Some((noted, kind, details)) if noted == status => Self::new(function, kind, details),
            _ => match status {
                STATUS_PANICKED => Self::new(function, CallErrorKind::Panicked, None),
                STATUS_UNAVAILABLE => Self::new(function, CallErrorKind::Unavailable, None),
                other => Self::new(function, CallErrorKind::Status(other), None),
            },
        }
    }

    /// What became of the call, for programs.
    pub fn kind(&self) -> CallErrorKind {
        self.0.kind
    }

    /// The full name of the function.
    pub fn function(&self) -> &str {
        &self.0.function
    }

    /// What more there is to say: of a function that a sandbox stopped, the reason and a backtrace.
    pub fn details(&self) -> Option<&str> {
        self.0.details.as_deref()
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            function,
            kind,
            details,
        } = &*self.0;
        match kind {
            CallErrorKind::Unavailable => write!(
                f,
                "no loaded module offers `{function}`, and it has no fallback: load a module that does"
            )?,
            CallErrorKind::Panicked => write!(f, "`{function}` panicked")?,
            CallErrorKind::Stopped => write!(f, "the sandbox stopped `{function}`")?,
            CallErrorKind::BadValue => write!(f, "`{function}` gave back what is no value of its type")?,
            CallErrorKind::Status(status) => write!(f, "`{function}` gave back the error {status}")?,
        }
        match details {
            Some(details) => write!(f, ": {details}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CallError {}
