//! What a check found.

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) grade: Grade,
    pub(super) text: String,
    /// What to change.
    pub(super) help: Option<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    /// As it should be.
    Good,
    /// Works, with a restriction.
    Warning,
    /// Nothing can be patched like this.
    Error,
}

impl Finding {
    pub(super) fn good(text: impl Into<String>) -> Self {
        Self {
            grade: Grade::Good,
            text: text.into(),
            help: None,
        }
    }

    pub(super) fn warning(text: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            grade: Grade::Warning,
            text: text.into(),
            help: Some(help.into()),
        }
    }

    pub(super) fn error(text: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            grade: Grade::Error,
            text: text.into(),
            help: Some(help.into()),
        }
    }
}
