//! What the status key shows: every process as it describes itself, and the last edit.

use std::time::Instant;

use super::main_loop::Session;
use crate::commands::status::images;
use crate::terminal::{counted, listed};

/// The outcome of an edit.
#[derive(Debug)]
pub(super) struct LastEdit {
    text: String,
    at: Instant,
}

impl Session {
    /// Remembers the outcome of an edit.
    pub(super) fn note_last(&mut self, text: String) {
        let at = Instant::now();
        self.last = Some(LastEdit { text, at });
    }

    /// Shows what runs.
    pub(super) fn show_status(&mut self) {
        let statuses = match &self.program {
            Some(_) => self.processes.statuses(),
            None => Vec::new(),
        };
        let silent = self.processes.silent();
        if statuses.is_empty() && silent.is_empty() {
            let text = match &self.program {
                Some(program) => format!("process {} runs as it was built: it is not attached", program.pid),
                None => "no process runs".to_owned(),
            };
            self.terminal().report("Status", text);
        }
        for status in statuses {
            let (pid, generation) = (status.identity.pid, status.identity.generation);
            let functions = status.functions.iter();
            let patched = functions.filter(|function| function.image != status.identity.program);
            let patched: Vec<_> = patched.map(|function| function.path.clone()).collect();
            let hot = counted(status.functions.len(), "hot function");
            let names = match patched.len() {
                0 => "none of them patched".to_owned(),
                count => format!("{count} of them patched: {}", listed(&patched)),
            };
            self.terminal().report(
                "Status",
                format!(
                    "process {pid}: generation {generation}, {hot}, {names}; {}",
                    images(&status.images)
                ),
            );
        }
        if let Some(text) = self.apart() {
            self.terminal().report("Sources", text);
        }
        for pid in silent {
            let text = format!("process {pid} stands still, or has not answered to a patch yet");
            self.terminal().report("Status", text);
        }
        let last = match &self.last {
            Some(LastEdit { text, at }) => format!("{text} ({} s ago)", at.elapsed().as_secs()),
            None => "none yet".to_owned(),
        };
        self.terminal().report("Last edit", last);
    }
}
