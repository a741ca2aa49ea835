//! The patch linker of a program. It reads the program in the background, while the program starts.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use hotpatch_abi::code;
use hotpatch_abi::manifest::PatchId;
use hotpatch_link::{Change, Draft, Error, Explanation, Parent, Patch, Patcher, Unit};

use crate::refusal::{RESTART, Refusal};

/// The patch linker.
#[derive(Debug)]
pub(crate) struct LivePatcher(State);

#[derive(Debug)]
enum State {
    Opening(JoinHandle<Result<Patcher, Error>>),
    Open(Box<Patcher>),
    /// The program cannot be read: so says every edit.
    Failed(Box<Refusal>),
}

impl LivePatcher {
    /// Begins to read a program and the objects it was linked from.
    pub(crate) fn open(program: PathBuf, units: Vec<Unit>) -> Self {
        Self(State::Opening(thread::spawn(move || {
            Patcher::open(&program, &units)
        })))
    }

    /// Compares the current objects of all units with what runs after these patches; `None` is the program as built.
    ///
    /// # Errors
    ///
    /// The edit is refused, or the program or the objects cannot be read, or a patch is not known.
    pub(crate) fn compare(
        &mut self,
        units: &[Unit],
        heads: &[Option<PatchId>],
    ) -> Result<Change, Box<Refusal>> {
        let patcher = self.get()?;
        patcher.follow(heads).map_err(|patch| {
            let message = format!("patch `{patch}` is live, and this session did not make it");
            Refusal::new(code::PARENT, message).help(RESTART)
        })?;
        patcher.compare(units).map_err(|error| refusal(&error).into())
    }

    /// Links a patch.
    ///
    /// # Errors
    ///
    /// The edit is refused, or the linker failed.
    pub(crate) fn link(
        &mut self,
        draft: Draft,
        parent: Parent,
        linker: &Path,
        out: &Path,
    ) -> Result<Patch, Box<Refusal>> {
        self.get()?
            .link(draft, parent, linker, out)
            .map_err(|error| refusal(&error).into())
    }

    /// What the user should know of a patch. To be asked before it is committed.
    pub(crate) fn explain(&mut self, draft: &Draft) -> Explanation {
        match &mut self.0 {
            State::Open(patcher) => patcher.explain(draft),
            State::Opening(_) | State::Failed(_) => Explanation::default(),
        }
    }

    /// A process acknowledged the patch.
    pub(crate) fn commit(&mut self, patch: Patch) {
        if let State::Open(patcher) = &mut self.0 {
            patcher.commit(patch);
        }
    }

    fn get(&mut self) -> Result<&mut Patcher, Box<Refusal>> {
        let unread = || Box::new(Refusal::new(code::LINK, "reading the program panicked"));
        if let State::Opening(_) = &self.0
            && let State::Opening(thread) = std::mem::replace(&mut self.0, State::Failed(unread()))
        {
            self.0 = match thread.join() {
                Ok(Ok(patcher)) => State::Open(Box::new(patcher)),
                Ok(Err(error)) => State::Failed(Box::new(refusal(&error))),
                Err(_) => State::Failed(unread()),
            };
        }
        match &mut self.0 {
            State::Open(patcher) => Ok(patcher),
            State::Failed(refusal) => Err(refusal.clone()),
            State::Opening(_) => Err(unread()),
        }
    }
}

/// An error of the patch linker as the tool reports it, with its causes.
fn refusal(error: &Error) -> Refusal {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        message += &format!(": {error}");
        cause = error.source();
    }
    let mut refusal = Refusal::new(error.code(), message);
    if let Some(subject) = error.subject() {
        refusal = refusal.about(subject.clone());
    }
    if let Some(label) = error.label() {
        refusal = refusal.label(label);
    }
    for note in error.notes() {
        refusal = refusal.note(note);
    }
    refusal.note("the old code runs on").help(RESTART)
}
