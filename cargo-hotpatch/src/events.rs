//! The events of a session, for scripts: one JSON object per line. The names are a promise.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use hotpatch_link::Unreached;
use serde::{Serialize, Serializer};

use crate::places::Span;
use crate::refusal::Refusal;

/// Something that happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event<'a> {
    /// The program was built and is about to start.
    SessionStarted,
    /// A process opened its control channel.
    ProcessAttached { pid: u32, build_id: String },
    /// Files have other content than what was compiled last.
    ChangeDetected { files: &'a [PathBuf] },
    /// The sources compiled. What becomes of it comes next.
    Compiled {
        /// The crates that were compiled, in the order in which they were done.
        crates: &'a [String],
        /// Those that depend on them and keep the code that they have.
        reused: &'a [String],
    },
    /// The sources do not compile.
    BuildFailed,
    /// A process acknowledged a patch.
    Applied {
        pid: u32,
        generation: u64,
        functions: &'a [String],
        /// Changed functions that stay as they were, because no hot function reaches them.
        #[serde(serialize_with = "with_reasons")]
        unreached: &'a [Unreached],
        /// Facts that the author should know.
        notes: &'a [String],
        ms: Phases,
    },
    /// No code changed.
    NothingToDo {
        /// Facts that the author should know all the same.
        notes: &'a [String],
    },
    /// The edit cannot be applied; the processes run what they ran.
    Refused {
        code: &'a str,
        message: &'a str,
        place: Option<EventPlace<'a>>,
        /// The process that refused; `None` if none was asked.
        pid: Option<u32>,
    },
    /// A process has not answered to a patch yet. Its answer follows.
    Unanswered {
        pid: u32,
        /// Whether it was stopped, by a signal or by a debugger.
        stopped: bool,
    },
    /// The edit needs a new build and a new process.
    RestartNeeded {
        code: &'a str,
        message: &'a str,
        place: Option<EventPlace<'a>>,
    },
    /// A process acknowledged a step back that a key asked for. A `rolled-back` comes with it.
    Undone {
        pid: u32,
        generation: u64,
        functions: &'a [String],
        ms: Phases,
    },
    /// A process runs the code of another generation again: an earlier one, or a later one.
    RolledBack {
        pid: u32,
        /// The generation that the roll-back made.
        generation: u64,
        /// The generation whose code runs.
        to: u64,
        functions: &'a [String],
        by: RolledBackBy,
        /// What the sources are compared with what the processes run; null where no session follows them.
        sources: Option<SourcesAre>,
    },
    /// The generations that a process can go to, oldest first; the last one is live.
    History {
        pid: u32,
        generations: &'a [EventGeneration<'a>],
        /// How many generations after the first one do not fit into the answer of the process.
        left_out: u64,
    },
    /// A process took a patch that this session did not offer it.
    PatchedByOthers {
        pid: u32,
        generation: u64,
        functions: &'a [String],
        /// Whether the session knows the code of the patch. If not, its edits cannot follow on it.
        known: bool,
    },
    /// A new program is built, to take the place of the one that runs.
    Restarting {
        reason: RestartReason,
        /// The code of the outcome that made it necessary.
        code: Option<&'a str>,
    },
    /// A test binary begins to run tests.
    TestsStarted {
        binary: &'a str,
        /// How the binary came to have the current code.
        how: How,
        /// The tests that run; empty for a binary without rustc's harness.
        tests: &'a [String],
        /// The functions that changed and that these tests lead to. Empty where everything runs.
        because: &'a [String],
    },
    /// A test binary ended.
    TestsFinished {
        binary: &'a str,
        passed: &'a [String],
        failed: &'a [String],
        ignored: &'a [String],
        code: Option<i32>,
        signal: Option<i32>,
    },
    /// Everything that was to be run has run; the next save is waited for.
    TestsIdle {
        /// All tests that failed when they ran last, each after its binary.
        failing: &'a [String],
        /// From the save to this moment, in milliseconds; null after the first run.
        ms: Option<f64>,
    },
    /// The program ended by itself with `code`, or by `signal`; the other one is null.
    ProcessExited { code: Option<i32>, signal: Option<i32> },
}

/// Where in the sources the reason of a refusal lies. Line and column count from 1; without them it is a whole file.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct EventPlace<'a> {
    file: &'a Path,
    line: Option<usize>,
    column: Option<usize>,
}

impl<'a> EventPlace<'a> {
    /// The place of a refusal, if it has one.
    pub(crate) fn of(refusal: &'a Refusal) -> Option<Self> {
        let place = refusal.place()?;
        let span = place.span.as_ref();
        Some(Self {
            file: &place.file,
            line: span.map(Span::line),
            column: span.map(|span| span.columns().start),
        })
    }
}

/// How a test binary came to have the current code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum How {
    /// Cargo built it.
    #[default]
    Built,
    /// It was linked again from the objects of the crates that were compiled.
    Relinked,
    /// It is as it was, and takes a patch before `main`.
    Patched,
    /// It is as it was: an edit was taken back.
    Kept,
}

/// A generation of a process.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EventGeneration<'a> {
    pub(crate) number: u64,
    /// The generation whose commit made the code that it runs: another one after a roll-back.
    pub(crate) code_of: u64,
    /// The patch whose code it runs; null for the program as built.
    pub(crate) patch: Option<String>,
    pub(crate) functions: &'a [String],
    /// In milliseconds since 1970.
    pub(crate) since: u64,
}

/// Prints an event as a line of its own, for commands that make one.
pub(crate) fn print(event: &Event<'_>) {
    let line = serde_json::to_string(event).expect("an event has string keys only");
    // Whoever closes the pipe has read enough.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Who asked for a roll-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RolledBackBy {
    /// A key of the session.
    Key,
    /// `cargo hotpatch rollback`, as it tells itself.
    Command,
    /// The program itself, or another tool.
    Others,
}

/// What the sources are, compared with what the processes of a session run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SourcesAre {
    /// They are live.
    Live,
    /// They hold more: the next save brings it.
    Ahead,
}

/// Why the program is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RestartReason {
    /// An edit was refused or needs a restart.
    Refusal,
    /// The user asked for it.
    Key,
    /// A file was saved after the program had crashed.
    Save,
}

/// Where the time between a save and the acknowledgement went, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Phases {
    /// rustc.
    #[serde(serialize_with = "milliseconds")]
    pub(crate) replay: Duration,
    /// Comparing with the live generation.
    #[serde(serialize_with = "milliseconds")]
    pub(crate) compare: Duration,
    /// Rewriting relocations.
    #[serde(serialize_with = "milliseconds")]
    pub(crate) bind: Duration,
    /// The linker.
    #[serde(serialize_with = "milliseconds")]
    pub(crate) link: Duration,
    /// From the offer to the acknowledgement.
    #[serde(serialize_with = "milliseconds")]
    pub(crate) commit: Duration,
    /// From the file event to the acknowledgement.
    #[serde(serialize_with = "milliseconds")]
    pub(crate) total: Duration,
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_micros() as f64 / 1000.0)
}

fn with_reasons<S: Serializer>(unreached: &[Unreached], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct WithReason<'a> {
        function: &'a str,
        reason: String,
    }
    serializer.collect_seq(unreached.iter().map(|Unreached { function, reason }| WithReason {
        function,
        reason: reason.to_string(),
    }))
}

/// The file that events are appended to, if any.
#[derive(Debug)]
pub(crate) struct EventLog(Option<File>);

impl EventLog {
    /// Opens the file for appending.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.with_context(|| format!("cannot open the event file `{}`", path.display()))
        };
        path.map(open).transpose().map(Self)
    }

    /// Appends an event. The line is written at once, so that a reader never sees half of it.
    pub(crate) fn record(&self, event: &Event<'_>) {
        let Some(mut file) = self.0.as_ref() else { return };
        let mut line = serde_json::to_vec(event).expect("an event has string keys only");
        line.push(b'\n');
        // A full disk must not end a session; the reader of the file notices.
        let _ = file.write_all(&line);
    }
}

#[cfg(test)]
mod tests {
    use hotpatch_link::{Reason, Way};

    use super::*;

    fn check(event: Event<'_>, expected: &str) {
        assert_eq!(serde_json::to_string(&event).unwrap(), expected);
    }

    #[test]
    fn the_names_are_a_promise() {
        check(Event::SessionStarted, r#"{"event":"session-started"}"#);
        let attached = Event::ProcessAttached {
            pid: 7,
            build_id: "ab12".into(),
        };
        check(
            attached,
            r#"{"event":"process-attached","pid":7,"build_id":"ab12"}"#,
        );
        let detected = Event::ChangeDetected {
            files: &["src/main.rs".into()],
        };
        check(detected, r#"{"event":"change-detected","files":["src/main.rs"]}"#);
        let compiled = Event::Compiled {
            crates: &["math".to_owned()],
            reused: &["world".to_owned(), "game".to_owned()],
        };
        check(
            compiled,
            r#"{"event":"compiled","crates":["math"],"reused":["world","game"]}"#,
        );
        check(Event::BuildFailed, r#"{"event":"build-failed"}"#);
        let notes = ["kept".to_owned()];
        check(
            Event::NothingToDo { notes: &notes },
            r#"{"event":"nothing-to-do","notes":["kept"]}"#,
        );
        let refused = Event::Refused {
            code: "HP0401",
            message: "no",
            place: None,
            pid: Some(7),
        };
        check(
            refused,
            r#"{"event":"refused","code":"HP0401","message":"no","place":null,"pid":7}"#,
        );
        let unanswered = Event::Unanswered {
            pid: 7,
            stopped: true,
        };
        check(unanswered, r#"{"event":"unanswered","pid":7,"stopped":true}"#);
        let restart = Event::RestartNeeded {
            code: "HP0403",
            message: "no",
            place: Some(EventPlace {
                file: Path::new("Cargo.toml"),
                line: None,
                column: None,
            }),
        };
        check(
            restart,
            r#"{"event":"restart-needed","code":"HP0403","message":"no","place":{"file":"Cargo.toml","line":null,"column":null}}"#,
        );
        let undone = Event::Undone {
            pid: 7,
            generation: 4,
            functions: &[],
            ms: Phases::default(),
        };
        check(
            undone,
            r#"{"event":"undone","pid":7,"generation":4,"functions":[],"ms":{"replay":0.0,"compare":0.0,"bind":0.0,"link":0.0,"commit":0.0,"total":0.0}}"#,
        );
        let back = Event::RolledBack {
            pid: 7,
            generation: 3,
            to: 1,
            functions: &notes,
            by: RolledBackBy::Others,
            sources: Some(SourcesAre::Ahead),
        };
        check(
            back,
            r#"{"event":"rolled-back","pid":7,"generation":3,"to":1,"functions":["kept"],"by":"others","sources":"ahead"}"#,
        );
        let others = Event::PatchedByOthers {
            pid: 7,
            generation: 3,
            functions: &notes,
            known: false,
        };
        check(
            others,
            r#"{"event":"patched-by-others","pid":7,"generation":3,"functions":["kept"],"known":false}"#,
        );
        let restarting = |reason, code| Event::Restarting { reason, code };
        check(
            restarting(RestartReason::Refusal, Some("HP0203")),
            r#"{"event":"restarting","reason":"refusal","code":"HP0203"}"#,
        );
        check(
            restarting(RestartReason::Key, None),
            r#"{"event":"restarting","reason":"key","code":null}"#,
        );
        check(
            Event::ProcessExited {
                code: Some(3),
                signal: None,
            },
            r#"{"event":"process-exited","code":3,"signal":null}"#,
        );
        check(
            Event::ProcessExited {
                code: None,
                signal: Some(11),
            },
            r#"{"event":"process-exited","code":null,"signal":11}"#,
        );
    }

    #[test]
    fn applied_carries_the_phases() {
        let ms = Phases {
            replay: Duration::from_micros(101_500),
            total: Duration::from_millis(141),
            ..Phases::default()
        };
        let functions = ["game::step".to_owned()];
        let unreached = [Unreached {
            function: "game::other".to_owned(),
            reason: Reason::Uncalled { way: Way::default() },
        }];
        let notes = ["kept".to_owned()];
        check(
            Event::Applied {
                pid: 7,
                generation: 3,
                functions: &functions,
                unreached: &unreached,
                notes: &notes,
                ms,
            },
            r#"{"event":"applied","pid":7,"generation":3,"functions":["game::step"],"unreached":[{"function":"game::other","reason":"nothing calls it"}],"notes":["kept"],"ms":{"replay":101.5,"compare":0.0,"bind":0.0,"link":0.0,"commit":0.0,"total":141.0}}"#,
        );
    }
}
