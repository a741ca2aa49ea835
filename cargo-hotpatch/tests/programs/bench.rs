//! One program in one profile: it is started once, and takes all its edits.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::data::{Edit, Exchange, Program, Question, Way};
use crate::project::Project;
use crate::pty::Terminal;
use crate::session::Session;
use crate::sources::{self, Files};
use crate::talk::{self, Talk};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

/// What became of a program in one profile.
pub(crate) struct Outcome {
    pub(crate) profile: Profile,
    pub(crate) lines: usize,
    /// Building, and starting until the process has attached.
    pub(crate) start: Duration,
    /// For each edit in order; what follows a failure is not tried.
    pub(crate) edits: Vec<Result<Times, String>>,
}

/// Milliseconds from the save to the answer of the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) total: f64,
    pub(crate) replay: f64,
}

/// Which version of an answer is right.
#[derive(Clone, Copy)]
enum When {
    Before,
    After,
}

struct Bench<'a> {
    program: &'a Program,
    project: &'a Project,
    files: Files,
    session: Session,
    talk: Talk,
    /// How often each text was sent.
    sent: BTreeMap<String, u32>,
}

impl Profile {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// Runs the program and makes all its edits. A hang ends in a panic of whoever waited.
pub(crate) fn run(program: &Program, profile: Profile) -> Outcome {
    let mut outcome = Outcome {
        profile,
        lines: 0,
        start: Duration::ZERO,
        edits: Vec::new(),
    };
    let result = catch_unwind(AssertUnwindSafe(|| make_edits(program, &mut outcome)));
    let problem = match result {
        Ok(result) => result.err(),
        Err(panic) => Some(
            panic
                .downcast_ref::<String>()
                .cloned()
                .unwrap_or_else(|| "a panic".to_owned()),
        ),
    };
    outcome.edits.extend(problem.map(Err));
    outcome
}

fn make_edits(program: &Program, outcome: &mut Outcome) -> Result<(), String> {
    let files = sources::prepared(program)?;
    outcome.lines = sources::lines(&files);
    let project = Project::at(folder(program, outcome.profile));
    sources::lay_out(&project, &files);
    let events = Project::empty(&program.name);
    let start = Instant::now();
    let mut bench = Bench::start(program, &project, files, &events, outcome.profile);
    outcome.start = start.elapsed();
    bench.say(&program.start)?;
    for edit in &program.edits {
        let times = bench
            .check(edit)
            .map_err(|problem| format!("{}: {problem}", edit.name))?;
        println!(
            "{}/{}/{} ... {times:?}",
            program.name,
            outcome.profile.name(),
            edit.name
        );
        outcome.edits.push(Ok(times));
    }
    Ok(())
}

/// Kept between runs, so that cargo need not build what did not change.
fn folder(program: &Program, profile: Profile) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    folder.join(&program.name).join(profile.name())
}

impl<'a> Bench<'a> {
    fn start(
        program: &'a Program,
        project: &'a Project,
        files: Files,
        events: &Project,
        profile: Profile,
    ) -> Self {
        let port = talk::free_port();
        let here = project.path("");
        let fill = |text: &String| {
            let text = text.replace("{port}", &port.to_string());
            text.replace("{folder}", here.to_str().unwrap())
        };
        for (path, text) in &program.files {
            project.write(path, &fill(text));
        }
        let arguments: Vec<_> = program.arguments.iter().map(fill).collect();
        let release = (profile == Profile::Release).then_some("--release");
        let arguments: Vec<_> = release
            .into_iter()
            .chain(arguments.iter().map(String::as_str))
            .collect();
        let (mut command, events) = Session::command(project, events, &arguments);
        let variables = program.environment.iter();
        command.envs(variables.map(|(name, value)| (name, fill(value))));
        let (mut session, talk) = match program.talk {
            Way::Terminal => {
                let terminal = Terminal::new();
                (terminal.start_program(&command, events), Talk::Terminal(terminal))
            }
            Way::Lines => (Session::spawn(command, events), Talk::Lines),
            Way::Tcp => (Session::spawn(command, events), Talk::tcp(port)),
        };
        session.event("process-attached");
        Self {
            program,
            project,
            files,
            session,
            talk,
            sent: BTreeMap::new(),
        }
    }

    /// Makes an edit and takes it back. The program must answer accordingly and keep its state.
    fn check(&mut self, edit: &Edit) -> Result<Times, String> {
        let original = self.files.clone();
        self.ask(&edit.ask, When::Before)?;
        let mut edited = original.clone();
        for change in &edit.change {
            sources::apply(&mut edited, change)?;
        }
        let applied = self.save(edited)?;
        self.ask(&edit.ask, When::After)
            .map_err(|problem| format!("after the edit, {problem}"))?;
        self.save(original)
            .map_err(|problem| format!("taken back: {problem}"))?;
        self.ask(&edit.ask, When::Before)
            .map_err(|problem| format!("taken back, {problem}"))?;
        let ms = |name: &str| {
            applied["ms"][name]
                .as_f64()
                .ok_or(format!("no ms.{name} in {applied}"))
        };
        println!("    {} {}", applied["functions"], applied["ms"]);
        Ok(Times {
            total: ms("total")?,
            replay: ms("replay")?,
        })
    }

    /// Saves the files, and returns the event that says which functions are live. The state must be the same before
    /// and after.
    fn save(&mut self, files: Files) -> Result<Value, String> {
        let before = self.state()?;
        if let Some(event) = self.session.events_so_far().first() {
            return Err(format!("an event without an edit: {event}"));
        }
        let project = self.project;
        let from = &self.files;
        self.session.at_once(|| sources::save(project, from, &files));
        self.files = files;
        let ends = [
            "nothing-to-do",
            "refused",
            "restart-needed",
            "build-failed",
            "process-exited",
        ];
        let event = self.session.event_among(&[&["applied"], &ends[..]].concat());
        let is_live = event["event"] == "applied"
            && event["functions"]
                .as_array()
                .is_some_and(|names| !names.is_empty());
        if !is_live {
            return Err(format!("{event}\n{}", self.messages()));
        }
        let after = self.state()?;
        match before == after {
            true => Ok(event),
            false => Err(format!("the state changed: {before:?} -> {after:?}")),
        }
    }

    /// What the program says about its state, where it must say the same again.
    fn state(&mut self) -> Result<Vec<String>, String> {
        let mut said = Vec::new();
        let program = self.program;
        self.talk.pass_over();
        for exchange in &program.kept {
            let answer = self.exchange(&exchange.on, &exchange.send, &exchange.expect)?;
            said.extend(exchange.same.then_some(answer));
        }
        Ok(said)
    }

    fn say(&mut self, exchanges: &[Exchange]) -> Result<(), String> {
        exchanges.iter().try_for_each(|exchange| {
            self.exchange(&exchange.on, &exchange.send, &exchange.expect)
                .map(drop)
        })
    }

    fn ask(&mut self, questions: &[Question], when: When) -> Result<(), String> {
        questions.iter().try_for_each(|question| {
            let expect = match when {
                When::Before => &question.before,
                When::After => &question.after,
            };
            self.exchange(&question.on, &question.send, expect).map(drop)
        })
    }

    fn exchange(&mut self, on: &str, send: &str, expect: &str) -> Result<String, String> {
        if !send.is_empty() {
            *self.sent.entry(send.to_owned()).or_default() += 1;
        }
        let count = self.sent.get(send).copied().unwrap_or_default();
        let all: u32 = self.sent.values().sum();
        let expect = expect.replace("{n}", &count.to_string());
        let expect = expect.replace("{all}", &all.to_string());
        let result = self.talk.exchange(&mut self.session, on, send, &expect);
        result.map_err(|problem| format!("{problem}\n{}", self.messages()))
    }

    /// What the tool said last, after all the warnings.
    fn messages(&mut self) -> String {
        let messages = self.session.messages();
        let lines: Vec<_> = messages.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}
