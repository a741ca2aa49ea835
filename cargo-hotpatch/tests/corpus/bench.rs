//! One program of the corpus while it runs: asking it, saving its files, and comparing with what must be.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::data::{Edit, Edits, Outcome, Request};
use crate::files::{self, Files};
use crate::fresh::Fresh;
use crate::program::Profile;
use crate::project::Project;
use crate::session::Session;
use crate::verdict::Problem;

/// The program, its session, and what its files hold.
pub(crate) struct Bench<'a> {
    edits: &'a Edits,
    project: &'a Project,
    profile: Profile,
    session: Session,
    files: Files,
    /// By how much a round of the unedited program moves the counts.
    step: Vec<i64>,
}

/// What the program says about its state.
#[derive(Debug, PartialEq, Eq)]
struct State {
    kept: String,
    counts: Vec<i64>,
}

impl<'a> Bench<'a> {
    /// Builds and starts the program, and asks everything until it is as it will always be.
    pub(crate) fn start(
        edits: &'a Edits,
        project: &'a Project,
        events: &Project,
        files: &Files,
        profile: Profile,
    ) -> Result<Self, Problem> {
        let arguments = edits.arguments(profile);
        files::lay_out(project, files);
        let session = Session::start_in(project, events, &arguments);
        let (files, step) = (files.clone(), Vec::new());
        let mut bench = Self {
            edits,
            project,
            profile,
            session,
            files,
            step,
        };
        bench.round(None)?;
        let first = bench.state()?;
        bench.round(None)?;
        bench.step = bench.state()?.since(&first);
        bench.usual_round()?;
        Ok(bench)
    }

    /// Makes an edit and takes it back.
    ///
    /// # Errors
    ///
    /// The first thing that is not as it must be.
    pub(crate) fn check(&mut self, edit: &Edit) -> Result<(), Problem> {
        let original = self.files.clone();
        let edited = files::edited(&original, edit).map_err(Problem::Wrong)?;
        let event = self.save(edited.clone())?;
        is_expected(&event, edit.expect)?;
        self.is_compiled(edit)?;
        says(&event, edit)?;
        if edit.expect == Outcome::Applied {
            let before = self.state()?;
            self.round(Some(edit))?;
            self.extra(&edit.requests)?;
            before.is_kept_in(&self.state()?)?;
            self.is_true(edit, &edited)?;
        } else {
            self.usual_round()?;
            self.extra(&edit.requests)?;
        }
        let event = self.save(original)?;
        is_expected(&event, edit.revert()).map_err(|problem| problem.when("when it was taken back"))?;
        self.usual_round()
            .map_err(|problem| problem.when("after it was taken back"))
    }

    /// Saves the files and waits for what becomes of it. The state must be the same before and after.
    fn save(&mut self, files: Files) -> Result<Value, Problem> {
        let before = self.state()?;
        if let Some(event) = self.session.events_so_far().first() {
            return Err(Problem::Silent(format!("an event without an edit: {event}")));
        }
        self.session
            .at_once(|| files::write(self.project, &self.files, &files));
        self.files = files;
        self.session.event("change-detected");
        let event = self.session.event_among(&[
            "applied",
            "nothing-to-do",
            "refused",
            "restart-needed",
            "build-failed",
            "process-exited",
        ]);
        if event["event"] == "process-exited" {
            return Err(Problem::Silent(format!("the program ended: {event}")));
        }
        let after = self.state()?;
        if before != after {
            return Err(Problem::Silent(format!(
                "the state changed: {before:?} -> {after:?}"
            )));
        }
        Ok(event)
    }

    /// Checks which crates the last edit compiled. Whether that was enough, the answers say.
    fn is_compiled(&self, edit: &Edit) -> Result<(), Problem> {
        let Some(expected) = edit.compiles(self.profile) else {
            return Ok(());
        };
        let since_save = self.session.seen.iter().rev();
        let mut since_save = since_save.take_while(|event| event["event"] != "change-detected");
        let Some(event) = since_save.find(|event| event["event"] == "compiled") else {
            return Ok(());
        };
        let crates: Vec<_> = event["crates"].as_array().into_iter().flatten().collect();
        let found: BTreeSet<_> = crates
            .iter()
            .filter_map(|name| name.as_str())
            .map(str::to_owned)
            .collect();
        match found == *expected {
            true => Ok(()),
            false => Err(Problem::Wrong(format!("compiled {found:?}, not {expected:?}"))),
        }
    }

    /// Checks that the answers of an edit are those of a fresh build, where the edit is about what is compiled.
    fn is_true(&self, edit: &Edit, edited: &Files) -> Result<(), Problem> {
        if edit.compiles(self.profile).is_none() {
            return Ok(());
        }
        let answer = |request: &Request| Request {
            ask: request.ask.clone(),
            answer: edit.answers.get(&request.ask).unwrap_or(&request.answer).clone(),
        };
        let expected: Vec<_> = self.edits.requests.iter().map(answer).collect();
        let fresh = Fresh {
            project: &Project::at(self.project.path(files::FRESH)),
            arguments: self.edits.arguments(self.profile),
        };
        fresh.check(edited, &expected)
    }

    /// A round of the unedited program.
    fn usual_round(&mut self) -> Result<(), Problem> {
        let before = self.state()?;
        self.round(None)?;
        let after = self.state()?;
        before.is_kept_in(&after)?;
        let step = after.since(&before);
        if step != self.step {
            let text = format!("the counts moved by {step:?}, usually {:?}", self.step);
            return Err(Problem::Silent(text));
        }
        Ok(())
    }

    /// Asks everything once. `live` is the edit that is live.
    fn round(&mut self, live: Option<&Edit>) -> Result<(), Problem> {
        let edits = self.edits;
        for Request { ask, answer } in &edits.requests {
            let edited = live.and_then(|edit| edit.answers.get(ask));
            self.ask(ask, edited.unwrap_or(answer))?;
        }
        Ok(())
    }

    fn extra(&mut self, requests: &[Request]) -> Result<(), Problem> {
        requests
            .iter()
            .try_for_each(|request| self.ask(&request.ask, &request.answer))
    }

    fn ask(&mut self, ask: &str, expected: &str) -> Result<(), Problem> {
        let answer = self.session.try_ask(ask).map_err(Problem::Silent)?;
        if answer != expected {
            let text = format!("`{ask}` answers `{answer}`, not `{expected}`");
            return Err(Problem::Silent(text));
        }
        Ok(())
    }

    fn state(&mut self) -> Result<State, Problem> {
        let answer = self.session.try_ask("state").map_err(Problem::Silent)?;
        State::parse(&answer).ok_or_else(|| Problem::Silent(format!("`state` answers `{answer}`")))
    }
}

impl State {
    fn parse(answer: &str) -> Option<Self> {
        let (kept, counts) = answer.split_once(" | ")?;
        let counts = counts.split_whitespace().map(|count| count.parse().ok());
        Some(Self {
            kept: kept.to_owned(),
            counts: counts.collect::<Option<_>>()?,
        })
    }

    fn since(&self, earlier: &Self) -> Vec<i64> {
        let pairs = self.counts.iter().zip(&earlier.counts);
        pairs.map(|(now, then)| now - then).collect()
    }

    fn is_kept_in(&self, later: &Self) -> Result<(), Problem> {
        if self.kept != later.kept {
            let text = format!("the state changed: `{}` -> `{}`", self.kept, later.kept);
            return Err(Problem::Silent(text));
        }
        Ok(())
    }
}

/// Compares an event with the outcome that it must tell.
fn is_expected(event: &Value, expected: Outcome) -> Result<(), Problem> {
    let found = match event["event"].as_str() {
        Some("applied") => Outcome::Applied,
        Some("nothing-to-do") => Outcome::Nothing,
        Some("refused") if event["code"] == "HP0401" => Outcome::Unreached,
        Some("refused") => Outcome::Refused,
        Some("restart-needed") => Outcome::Restart,
        _ => Outcome::BuildFailed,
    };
    if found == expected {
        return Ok(());
    }
    let text = format!("{found:?} instead of {expected:?}: {event}");
    // Nobody was told that the edit is not what runs now.
    let claims = [Outcome::Applied, Outcome::Nothing];
    Err(match claims.contains(&found) && expected != Outcome::Nothing {
        true => Problem::Silent(text),
        false => Problem::Wrong(text),
    })
}

/// Checks what an event says about an edit.
fn says(event: &Value, edit: &Edit) -> Result<(), Problem> {
    let wrong = |what: &str, text: &str| Problem::Wrong(format!("no {what} `{text}` in {event}"));
    if let Some(code) = edit.code()
        && event["code"] != code
    {
        return Err(wrong("code", code));
    }
    let texts = texts(event);
    if let Some(missing) = edit
        .says
        .iter()
        .find(|text| !texts.iter().any(|said| said.contains(*text)))
    {
        return Err(wrong("text", missing));
    }
    for (field, paths) in [("functions", &edit.functions), ("unreached", &edit.unreached)] {
        let found = event[field].as_array().map_or(&[][..], Vec::as_slice);
        // What is not live comes with the reason.
        let found: Vec<_> = found
            .iter()
            .filter_map(|of| of.as_str().or(of["function"].as_str()))
            .collect();
        if let Some(missing) = paths.iter().find(|path| !found.contains(&path.as_str())) {
            return Err(wrong(field, missing));
        }
    }
    if edit.expect == Outcome::Applied && event["functions"].as_array().is_none_or(Vec::is_empty) {
        return Err(Problem::Silent(format!("applied without a function: {event}")));
    }
    Ok(())
}

/// All texts in a JSON value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
