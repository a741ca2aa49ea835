//! The diagnostics of rustc, shown exactly as rustc rendered them.

use serde::Deserialize;

/// One diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Diagnostic {
    message: String,
    #[serde(default)]
    rendered: Option<String>,
}

impl Diagnostic {
    /// Reads a line of rustc's standard error. A line that is no JSON is a message of rustc itself, for example of a
    /// crash; other JSON (artifact notifications, summaries like "aborting due to") says nothing to the user.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else {
            let rendered = Some(format!("{line}\n"));
            return Some(Self {
                message: line.to_owned(),
                rendered,
            });
        };
        let diagnostic = Self::deserialize(value).ok()?;
        let message = diagnostic.message.as_str();
        let summary = message.starts_with("aborting due to")
            || message.ends_with("warning emitted")
            || message.ends_with("warnings emitted");
        (!summary).then_some(diagnostic)
    }

    /// What cargo said.
    pub(crate) fn of_cargo(text: &str) -> Self {
        Self {
            message: text.to_owned(),
            rendered: Some(text.to_owned()),
        }
    }

    /// The text as rustc rendered it, with its colours.
    pub(crate) fn rendered(&self) -> &str {
        self.rendered.as_deref().unwrap_or(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_user_must_read_is_kept() {
        let error =
            r#"{"$message_type":"diagnostic","message":"no","level":"error","rendered":"error: no\n"}"#;
        assert_eq!(
            Diagnostic::parse(error).map(|d| d.rendered().to_owned()),
            Some("error: no\n".into())
        );
        assert_eq!(
            Diagnostic::parse(r#"{"$message_type":"artifact","artifact":"/t/a.rmeta","emit":"metadata"}"#),
            None
        );
        assert_eq!(
            Diagnostic::parse(r#"{"message":"aborting due to 1 previous error","level":"error"}"#),
            None
        );
        assert_eq!(
            Diagnostic::parse("thread 'rustc' panicked").map(|d| d.rendered().to_owned()),
            Some("thread 'rustc' panicked\n".into())
        );
    }
}
