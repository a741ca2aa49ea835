//! Lines for the user, on standard error, in the style of cargo.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use anstyle::{AnsiColor, Style};
use hotpatch_abi::code::Code;
use hotpatch_link::{Explanation, Subject};

use crate::base::BaseRecord;
use crate::diagnostic::Diagnostic;
use crate::explain;
use crate::failure;
use crate::link_line::Extent;
use crate::messages;
use crate::places::Place;
use crate::refusal::Refusal;
use crate::rendered::{self, Severity};
use crate::unreached;

const STATUS: Style = AnsiColor::BrightGreen.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
pub(crate) const DETAIL: Style = AnsiColor::Cyan.on_default().bold();

/// How many names a line shows before it counts the rest.
const NAMES: usize = 6;

/// Where the user reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    quiet: bool,
}

impl Terminal {
    /// A terminal that shows status lines.
    pub(crate) fn new() -> Self {
        Self { quiet: false }
    }

    /// A terminal that shows only warnings and errors.
    pub(crate) fn quiet() -> Self {
        Self { quiet: true }
    }

    /// `     Patched 2 functions …`
    pub(crate) fn status(self, verb: &str, text: impl Display) {
        if !self.quiet {
            print(format_args!("{STATUS}{verb:>12}{STATUS:#} {text}"));
        }
    }

    /// `note: …`
    pub(crate) fn note(self, text: impl Display) {
        if !self.quiet {
            print(format_args!("{DETAIL}note{DETAIL:#}: {text}"));
        }
    }

    /// What was asked for, also under `--quiet`: `      Status process 7: …`
    pub(crate) fn report(self, verb: &str, text: impl Display) {
        print(format_args!("{STATUS}{verb:>12}{STATUS:#} {text}"));
    }

    /// A question that a key answers, on a line that stays open.
    pub(crate) fn question(self, text: &str) {
        let _ = write!(anstream::stderr().lock(), "{DETAIL}{text}{DETAIL:#} ");
    }

    /// Ends the line of a question.
    pub(crate) fn answer(self, text: &str) {
        print(text);
    }

    /// A next step below an error.
    pub(crate) fn help(self, text: impl Display) {
        print(format_args!("  {DETAIL}={DETAIL:#} help: {text}"));
    }

    /// `warning: …`
    pub(crate) fn warning(self, text: impl Display) {
        print(format_args!("{WARNING}warning{WARNING:#}: {text}"));
    }

    /// `error: …`
    pub(crate) fn error(self, text: impl Display) {
        print(format_args!("{ERROR}error{ERROR:#}: {text}"));
    }

    /// What to know of a patch, below its line: first what the same edit changed and no hot function reaches.
    pub(crate) fn explain(self, explanation: &Explanation, find: impl Fn(&Subject) -> Option<Place>) {
        if let Some(messages) = messages::wanted() {
            for function in &explanation.unreached {
                let refusal = unreached::warning(function).located(&find);
                messages.refusal(&refusal, Severity::Warning);
            }
        }
        self.notes(&unreached::lines(&explanation.unreached));
        self.notes(&explanation.notes);
    }

    /// `= note: …` below a status line.
    pub(crate) fn notes(self, notes: &[String]) {
        if !self.quiet {
            for note in notes {
                print(format_args!("{:>12} {DETAIL}={DETAIL:#} note: {note}", ""));
            }
        }
    }

    /// `error: …` with all its causes, and what to do about it where that is known.
    pub(crate) fn failure(self, error: &anyhow::Error) {
        self.error(format_args!("{error:#}"));
        if let Some(help) = failure::help(error) {
            self.help(help);
        }
    }

    /// `error[HP0403]: …` with its place, its notes and its help.
    pub(crate) fn refusal(self, refusal: &Refusal) {
        self.coded(refusal, Severity::Error);
    }

    /// `warning[HP0107]: …` with its notes and its help.
    pub(crate) fn caution(self, refusal: &Refusal) {
        self.coded(refusal, Severity::Warning);
    }

    fn coded(self, refusal: &Refusal, severity: Severity) {
        match messages::wanted() {
            Some(messages) => messages.refusal(refusal, severity),
            None => {
                print(rendered::refusal(refusal, severity));
                point_to_page(Some(refusal.code()));
            }
        }
    }

    /// `error[HP0601]: …`, for what a process said.
    pub(crate) fn coded_error(self, code: &str, text: impl Display) {
        match messages::wanted() {
            Some(messages) => messages.answer(code, &text.to_string()),
            None => {
                print(format_args!("{ERROR}error[{code}]{ERROR:#}: {text}"));
                point_to_page(explain::known(code));
            }
        }
    }

    /// What the user should know about how a program was linked.
    pub(crate) fn linked(self, record: &BaseRecord) {
        if record.extent != Extent::WholeLibraries {
            self.warning(
                "the libraries cannot be linked whole, so patches cannot call library functions that the program \
                 does not call yet",
            );
        }
    }

    /// A diagnostic of rustc, as rustc rendered it.
    pub(crate) fn diagnostics(self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            match (messages::wanted(), diagnostic.raw()) {
                (Some(messages), Some((unit, raw))) => messages.rustc(unit, raw),
                _ => drop(write!(anstream::stderr().lock(), "{}", diagnostic.rendered())),
            }
        }
    }
}

/// `a, b, c and 4 more`
pub(crate) fn listed(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(NAMES)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `1 function`, `2 functions`
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Says where a code is explained: once for each, so that it helps and does not annoy.
fn point_to_page(code: Option<Code>) {
    static SAID: Mutex<BTreeSet<Code>> = Mutex::new(BTreeSet::new());
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = code.filter(|code| said.insert(*code)) {
        print(explain::pointer(code));
    }
}

fn print(text: impl Display) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let names = |count| {
            (0..count)
                .map(|index: usize| format!("f{index}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(listed(&names(2)), "f0, f1");
        assert_eq!(listed(&names(9)), "f0, f1, f2, f3, f4, f5 and 3 more");
        assert_eq!(
            (counted(1, "function"), counted(2, "function")),
            ("1 function".into(), "2 functions".into())
        );
    }
}
