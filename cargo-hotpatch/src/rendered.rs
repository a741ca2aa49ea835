//! How refusals look: like the diagnostics of rustc.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::places::Span;
use crate::refusal::Refusal;
use crate::terminal::DETAIL;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// What was asked for was not done.
    Error,
    /// It was done, or will be, but not as the user may expect.
    Warning,
}

/// The refusal as text with colours: the reason, the line of the sources, facts, and the next step.
pub(crate) fn refusal(refusal: &Refusal, severity: Severity) -> String {
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(refusal.message()).id(refusal.code().as_str());
    let mut group = Group::with_title(title);
    let file = refusal.place().map(|place| place.file.to_string_lossy());
    if let Some(span) = refusal.place().and_then(|place| place.span.as_ref()) {
        let snippet = Snippet::source(span.line_text())
            .path(file)
            .line_start(span.line());
        group = group.element(snippet.annotation(underline(span).label(refusal.place_label())));
        for (kind, text) in refusal.details() {
            let level = if kind == "help" { Level::HELP } else { Level::NOTE };
            group = group.element(level.message(text));
        }
        return Renderer::styled().render(&[group]);
    }
    let mut lines = vec![Renderer::styled().render(&[group])];
    lines.extend(file.map(|file| format!("  {DETAIL}-->{DETAIL:#} {file}")));
    let details = refusal.details();
    lines.extend(details.map(|(kind, text)| format!("  {DETAIL}={DETAIL:#} {kind}: {text}")));
    lines.join("\n")
}

/// The part of the one line that is shown.
fn underline<'a>(span: &Span) -> Annotation<'a> {
    let bytes = span.bytes();
    let start = span.line_start();
    AnnotationKind::Primary.span(bytes.start - start..bytes.end - start)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use hotpatch_abi::code;

    use super::*;
    use crate::places::Place;

    fn check(refused: &Refusal, severity: Severity, expected: &str) {
        let rendered = anstream::adapter::strip_str(&refusal(refused, severity)).to_string();
        assert_eq!(rendered, expected);
    }

    #[test]
    fn a_line_of_the_sources_is_underlined() {
        let source = "struct Player {\n    hp: u32,\n}\n";
        let at = source.find("hp").unwrap();
        let place = Place {
            file: PathBuf::from("src/player.rs"),
            unit: None,
            span: Span::new(source.into(), at..at + 7),
        };
        let refusal = Refusal::new(code::LAYOUT, "cannot patch `step`")
            .at(place)
            .label("u16 -> u32")
            .note("the old code runs on")
            .help("restart");
        check(
            &refusal,
            Severity::Error,
            "error[HP0203]: cannot patch `step`\n --> src/player.rs:2:5\n  |\n2 |     hp: u32,\n  |     ^^^^^^^ u16 -> u32\n  \
             |\n  = note: the old code runs on\n  = help: restart",
        );
    }

    #[test]
    fn without_a_line_the_label_is_a_note() {
        let refusal = Refusal::new(code::LAYOUT, "cannot patch `step`").label("u16 -> u32");
        check(
            &refusal,
            Severity::Warning,
            "warning[HP0203]: cannot patch `step`\n  = note: u16 -> u32",
        );
        check(
            &Refusal::new(code::BUILD_INPUT, "no").at(Place::of_file("Cargo.toml".into())),
            Severity::Error,
            "error[HP0403]: no\n  --> Cargo.toml",
        );
    }
}
