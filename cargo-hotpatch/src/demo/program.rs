//! The program of the demo: a `cargo hotpatch run` of its own, its events and its output.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::timeline::Timeline;

/// Something that the demo waits for.
#[derive(Debug)]
enum Sign {
    Event(Value),
    Output(String),
}

/// The running demo.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    signs: Receiver<Sign>,
    messages: PathBuf,
}

impl Program {
    /// Starts the tool on the project.
    pub(super) fn start(project: &Path) -> Result<Self> {
        let tool = std::env::current_exe().context("cannot find the path of the tool itself")?;
        let (events, messages) = (project.join("events.jsonl"), project.join("messages.txt"));
        let mut child = Command::new(tool)
            .arg("run")
            .arg("--events")
            .arg(&events)
            .current_dir(project)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&messages)?)
            .spawn()?;
        let stdout = child
            .stdout
            .take()
            .context("the program has no standard output")?;
        let (sender, signs) = channel();
        let output = sender.clone();
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.map(Sign::Output).try_for_each(|sign| output.send(sign))
        });
        thread::spawn(move || follow(&events, &sender));
        Ok(Self {
            child,
            signs,
            messages,
        })
    }

    /// Waits for an event of this name, and shows the output meanwhile. Other outcomes of an edit are an error.
    pub(super) fn event(&mut self, name: &str, timeline: &Timeline, patience: Duration) -> Result<Value> {
        const OUTCOMES: [&str; 6] = [
            "applied",
            "build-failed",
            "nothing-to-do",
            "refused",
            "restart-needed",
            "process-exited",
        ];
        let wanted = format!("the event `{name}`");
        self.wait(timeline, patience, &wanted, |sign| match sign {
            Sign::Event(event) if event["event"] == name => Ok(Some(event.clone())),
            Sign::Event(event) if OUTCOMES.iter().any(|outcome| event["event"] == *outcome) => {
                bail!("expected {wanted}, got {event}")
            }
            _ => Ok(None),
        })
    }

    /// Waits for a line of output with this text.
    pub(super) fn output(&mut self, text: &str, timeline: &Timeline, patience: Duration) -> Result<()> {
        let wanted = format!("the output `{text}`");
        self.wait(timeline, patience, &wanted, |sign| {
            Ok(matches!(sign, Sign::Output(line) if line.contains(text)).then_some(()))
        })
    }

    /// Waits for the end of the tool.
    pub(super) fn end(mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    fn wait<T>(
        &mut self,
        timeline: &Timeline,
        patience: Duration,
        wanted: &str,
        mut is: impl FnMut(&Sign) -> Result<Option<T>>,
    ) -> Result<T> {
        let deadline = Instant::now() + patience;
        loop {
            match self.signs.recv_timeout(
                deadline
                    .saturating_duration_since(Instant::now())
                    .min(Duration::from_secs(1)),
            ) {
                Ok(sign) => {
                    if let Sign::Output(line) = &sign {
                        timeline.output(line);
                    }
                    if let Some(found) = is(&sign).with_context(|| self.messages())? {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Timeout)
                    if Instant::now() < deadline && self.child.try_wait()?.is_none() => {}
                Err(_) => bail!("{wanted} did not come\n{}", self.messages()),
            }
        }
    }

    fn messages(&self) -> String {
        let text = std::fs::read_to_string(&self.messages).unwrap_or_default();
        format!("the tool said:\n{text}")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After an error: the tool hands the signal on to the program.
        if let Ok(None) = self.child.try_wait()
            && let Some(pid) = i32::try_from(self.child.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// Reads events as they are appended, until nobody listens.
fn follow(path: &Path, sender: &Sender<Sign>) {
    let mut text = String::new();
    let mut file = None;
    loop {
        file = file.or_else(|| std::fs::File::open(path).ok());
        if let Some(file) = &mut file {
            let _ = file.read_to_string(&mut text);
        }
        while let Some((line, rest)) = text.split_once('\n') {
            let event = serde_json::from_str(line).unwrap_or_default();
            text = rest.to_owned();
            if sender.send(Sign::Event(event)).is_err() {
                return;
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
}
