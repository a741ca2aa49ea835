//! Expected errors: what the tool says when it cannot do what was asked, with a stable code and the next step.

use std::fmt;

use hotpatch_abi::code::Code;
use hotpatch_link::Subject;

use crate::places::Place;

/// The next step where nothing better is known.
pub(crate) const RESTART: &str = "restart the program to take the edit";

/// An expected error. Bugs and failing system calls are plain errors instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: Code,
    message: String,
    subject: Option<Subject>,
    place: Option<Place>,
    label: Option<String>,
    notes: Vec<String>,
    helps: Vec<String>,
}

impl Refusal {
    /// A refusal for this reason.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            subject: None,
            place: None,
            label: None,
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// Names the item that it is about.
    pub(crate) fn about(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Says in a few words what is wrong with the item: beside it in the sources, or as the first fact.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Puts it at a place in the sources.
    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Puts it at the place of its item, if `find` knows one.
    pub(crate) fn located(mut self, find: impl FnOnce(&Subject) -> Option<Place>) -> Self {
        if self.place.is_none() {
            self.place = self.subject.as_ref().and_then(find);
        }
        self
    }

    /// The place in the sources.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// What is to be said beside the place, if anything.
    pub(crate) fn place_label(&self) -> Option<&str> {
        self.label.as_deref().filter(|_| self.has_span())
    }

    fn has_span(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.span.is_some())
    }

    /// Adds a fact about the state of things.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a next step.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// Says how to restart here and now.
    pub(crate) fn advise(self, how: &str) -> Self {
        self.without_advice().help(how)
    }

    /// Leaves out that a restart would help, where one follows anyway.
    pub(crate) fn without_advice(mut self) -> Self {
        self.helps.retain(|help| help != RESTART);
        self
    }

    /// The stable code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The reason.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The reason and the facts in one line.
    pub(crate) fn full_message(&self) -> String {
        let facts = self.label.iter().chain(&self.notes).map(String::as_str);
        std::iter::once(self.message.as_str())
            .chain(facts)
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// The lines below the reason and the place: facts, then the next steps.
    pub(crate) fn details(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let label = self.label.iter().filter(|_| !self.has_span());
        let notes = label.chain(&self.notes).map(|note| ("note", note.as_str()));
        notes.chain(self.helps.iter().map(|help| ("help", help.as_str())))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// The tool ends with this code, and everything has been said already, by cargo or by the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit code {}", self.0)
    }
}

impl std::error::Error for Exit {}
