//! The answer to a patch that was not taken.

use std::fmt;

use hotpatch_abi::code::Code;

/// A patch was refused. Nothing has changed: the process runs what it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    message: String,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The stable code, for example `HP0102`.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Reason, state and next step.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

#[cfg(feature = "live")]
/// Refuses: `refuse!(BUILD_ID, "patch was built for ..")`, where the first word is a code of [`hotpatch_abi::code`].
macro_rules! refuse {
    ($code:ident, $($message:tt)+) => {
        return Err($crate::refusal::Refusal::new(hotpatch_abi::code::$code, format!($($message)+)))
    };
}

#[cfg(feature = "live")]
pub(crate) use refuse;
