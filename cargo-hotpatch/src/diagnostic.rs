//! The diagnostics of rustc, shown exactly as rustc rendered them.

use serde::Deserialize;
use serde_json::Value;

use crate::rustc_args::UnitKey;

/// One diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Diagnostic {
    message: String,
    #[serde(default)]
    rendered: Option<String>,
    /// As rustc wrote it, and the unit that it compiled.
    #[serde(skip)]
    raw: Option<(UnitKey, Value)>,
}

impl Diagnostic {
    /// Reads a line of rustc's standard error. A line that is no JSON is a message of rustc itself, for example of a
    /// crash; other JSON (artifact notifications, summaries like "aborting due to") says nothing to the user.
    pub(crate) fn parse(line: &str, unit: &UnitKey) -> Option<Self> {
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            let rendered = Some(format!("{line}\n"));
            return Some(Self {
                message: line.to_owned(),
                rendered,
                raw: None,
            });
        };
        let mut diagnostic = Self::deserialize(&value).ok()?;
        diagnostic.raw = Some((unit.clone(), value));
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
            raw: None,
        }
    }

    /// The unit, and the diagnostic as rustc wrote it; `None` for what is no diagnostic.
    pub(crate) fn raw(&self) -> Option<&(UnitKey, Value)> {
        self.raw.as_ref()
    }

    /// The text as rustc rendered it, with its colours.
    pub(crate) fn rendered(&self) -> &str {
        self.rendered.as_deref().unwrap_or(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Diagnostic> {
        Diagnostic::parse(line, &UnitKey::of_library("libgame.rlib".as_ref()).unwrap())
    }

    #[test]
    fn only_what_the_user_must_read_is_kept() {
        let error =
            r#"{"$message_type":"diagnostic","message":"no","level":"error","rendered":"error: no\n"}"#;
        assert_eq!(
            parse(error).map(|d| d.rendered().to_owned()),
            Some("error: no\n".into())
        );
        assert_eq!(
            parse(r#"{"$message_type":"artifact","artifact":"/t/a.rmeta","emit":"metadata"}"#),
            None
        );
        assert_eq!(
            parse(r#"{"message":"aborting due to 1 previous error","level":"error"}"#),
            None
        );
        assert_eq!(
            parse("thread 'rustc' panicked").map(|d| d.rendered().to_owned()),
            Some("thread 'rustc' panicked\n".into())
        );
    }
}
