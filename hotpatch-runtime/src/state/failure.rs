//! Why a value could not be migrated, and which part of it.

use std::fmt;

/// Why a value could not be made: the way to the part, outermost first, and the reason.
#[derive(Debug)]
pub struct Failure {
    way: Vec<String>,
    reason: String,
}

impl Failure {
    /// A failure for this reason: a lower-case fragment with both sides and the next step.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self {
            way: Vec::new(),
            reason: reason.to_string(),
        }
    }

    /// The same, of a part of a larger value.
    #[doc(hidden)]
    pub fn within(mut self, part: impl Into<String>) -> Self {
        self.way.push(part.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.way.is_empty() {
            let mut text = String::new();
            for part in self.way.iter().rev() {
                if !text.is_empty() && !part.starts_with('[') {
                    text.push('.');
                }
                text.push_str(part);
            }
            write!(f, "`{text}`: ")?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Failure {}
