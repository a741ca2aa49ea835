//! A running `cargo hotpatch run`: its events, the program's output, and both their ends.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde_json::Value;

use crate::project::Project;

/// Far more than anything takes: only a broken test waits this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Session {
    child: Child,
    stdin: Option<ChildStdin>,
    events: Receiver<Value>,
    output: Receiver<String>,
    messages: Receiver<String>,
    said: Vec<String>,
    pub(crate) seen: Vec<Value>,
}

impl Session {
    /// Starts `cargo hotpatch run <arguments>` and waits until the program has attached.
    pub(crate) fn start(project: &Project, arguments: &[&str]) -> Self {
        let mut session = Self::start_unattached(project, arguments);
        session.event("process-attached");
        session
    }

    pub(crate) fn start_unattached(project: &Project, arguments: &[&str]) -> Self {
        Self::spawn_in(project, project, arguments)
    }

    /// As [`start`](Self::start), with the events in another folder: for a second session on one project.
    pub(crate) fn start_in(project: &Project, events: &Project, arguments: &[&str]) -> Self {
        let mut session = Self::spawn_in(project, events, arguments);
        session.event("process-attached");
        session
    }

    /// As [`start`](Self::start), with these variables.
    pub(crate) fn start_with(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let (mut command, events) = Self::command(project, project, arguments);
        command.envs(variables.iter().copied());
        let mut session = Self::spawn(command, events);
        session.event("process-attached");
        session
    }

    /// Starts `cargo hotpatch test <arguments>`.
    pub(crate) fn start_tests(project: &Project, arguments: &[&str]) -> Self {
        let (command, events) = Self::command_of("test", project, project, arguments);
        Self::spawn(command, events)
    }

    fn spawn_in(project: &Project, events: &Project, arguments: &[&str]) -> Self {
        let (command, events) = Self::command(project, events, arguments);
        Self::spawn(command, events)
    }

    /// Starts this command, and does not wait for the program.
    pub(crate) fn spawn(mut command: Command, events: File) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self::watch(command.spawn().unwrap(), events)
    }

    /// The command to start, and its events.
    pub(crate) fn command(project: &Project, events: &Project, arguments: &[&str]) -> (Command, File) {
        Self::command_of("run", project, events, arguments)
    }

    fn command_of(
        subcommand: &str,
        project: &Project,
        events: &Project,
        arguments: &[&str],
    ) -> (Command, File) {
        // One for each session: whoever reads for an earlier one would take events away.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let fifo = events.path(&format!("events-{number}.fifo"));
        let _ = std::fs::remove_file(&fifo);
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        // Open for both, so that the reader never meets the end of the file while nobody writes.
        let reader = OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
        let mut command = project.hotpatch(&[subcommand, "--events"]);
        command.arg(&fifo).args(arguments);
        (command, reader)
    }

    /// A session that was started.
    pub(crate) fn watch(mut child: Child, events: File) -> Self {
        let stdin = child.stdin.take();
        let output = match child.stdout.take() {
            Some(stdout) => lines(stdout, Some),
            None => channel().1,
        };
        let messages = match child.stderr.take() {
            Some(stderr) => lines(stderr, Some),
            None => channel().1,
        };
        let events = lines(events, |line| Some(serde_json::from_str(&line).unwrap()));
        Self {
            child,
            stdin,
            events,
            output,
            messages,
            said: Vec::new(),
            seen: Vec::new(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next event of that name; others are passed over, and kept in `seen`.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        self.event_among(&[name])
    }

    /// The next event that ends an edit, whatever it is.
    pub(crate) fn outcome(&mut self) -> Value {
        self.event_among(&[
            "applied",
            "nothing-to-do",
            "refused",
            "restart-needed",
            "build-failed",
        ])
    }

    /// The next event with one of these names.
    pub(crate) fn event_among(&mut self, names: &[&str]) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let Ok(event) = self
                .events
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            else {
                self.fail(&format!("no event among {names:?}"))
            };
            self.seen.push(event.clone());
            if names.contains(&event["event"].as_str().unwrap()) {
                return event;
            }
        }
    }

    fn fail(&mut self, what: &str) -> ! {
        let messages = self.messages();
        panic!("{what}; events: {:#?}\nmessages:\n{messages}", self.seen)
    }

    /// The functions of the next `applied`, which must be the next outcome.
    pub(crate) fn applied(&mut self) -> Vec<String> {
        let event = self.outcome();
        assert_eq!(event["event"], "applied", "{event}\n{}", self.messages());
        event["functions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    }

    /// The events that are there already.
    pub(crate) fn events_so_far(&mut self) -> Vec<Value> {
        let events: Vec<_> = self.events.try_iter().collect();
        self.seen.extend(events.iter().cloned());
        events
    }

    /// Runs `save` while the tool is stopped, so that it sees all files change at once.
    pub(crate) fn at_once(&self, save: impl FnOnce()) {
        let tool = Pid::from_child(&self.child);
        kill_process(tool, Signal::STOP).unwrap();
        let stopped = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(tool), stopped).unwrap();
        save();
        kill_process(tool, Signal::CONT).unwrap();
    }

    /// Sends a line to the program and returns the line that it answers.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.line()
    }

    pub(crate) fn send(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// As [`ask`](Self::ask), for a program that may die of the question: what happened instead.
    pub(crate) fn try_ask(&mut self, line: &str) -> Result<String, String> {
        let end = Instant::now() + PATIENCE;
        let sent = writeln!(self.stdin.as_mut().unwrap(), "{line}");
        while Instant::now() < end {
            match self.output.recv_timeout(Duration::from_millis(50)) {
                Ok(answer) => return Ok(answer),
                Err(_) if sent.is_err() => return Err("the program reads no more".to_owned()),
                Err(_) => {}
            }
            let events = self.events_so_far();
            if let Some(exit) = events.iter().find(|event| event["event"] == "process-exited") {
                return Err(format!("the program ended: {exit}"));
            }
        }
        Err("no answer".to_owned())
    }

    /// The next line of the program's output.
    pub(crate) fn line(&mut self) -> String {
        match self.output.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(_) => self.fail("no output"),
        }
    }

    /// The next line of the program's output, if it comes in time.
    pub(crate) fn line_within(&mut self, patience: Duration) -> Option<String> {
        self.output.recv_timeout(patience).ok()
    }

    /// The next line of the program's output that begins like this.
    pub(crate) fn line_with(&mut self, start: &str) -> String {
        loop {
            let line = self.line();
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// Waits until the tool is in this state: `T` is stopped.
    pub(crate) fn wait_for_state(&mut self, state: char) {
        let start = Instant::now();
        let is_there = |stat: String| {
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with(state))
        };
        while !is_there(std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap()) {
            assert!(start.elapsed() < PATIENCE);
            thread::yield_now();
        }
    }

    /// Waits for a line of the tool that contains `text`.
    pub(crate) fn message(&mut self, text: &str) -> String {
        if let Some(line) = self.said.iter().find(|line| line.contains(text)) {
            return line.clone();
        }
        let end = Instant::now() + PATIENCE;
        loop {
            match self
                .messages
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(_) => panic!("no message with `{text}`; said:\n{}", self.said.join("\n")),
            }
        }
    }

    /// All that the tool and the program have written to stderr so far.
    pub(crate) fn messages(&mut self) -> String {
        // What was said about an event may come after it.
        while let Ok(line) = self.messages.recv_timeout(Duration::from_millis(100)) {
            self.said.push(line);
        }
        self.said.join("\n")
    }

    pub(crate) fn signal(&self, signal: &str) {
        signal_process(self.pid(), signal);
    }

    /// Ends the program's input and waits for the tool.
    pub(crate) fn finish(mut self) -> ExitStatus {
        drop(self.stdin.take());
        self.child.wait().unwrap()
    }

    /// Waits for the tool without touching the program's input.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let mut pids = children(self.pid());
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.seen.extend(self.events.try_iter());
        pids.extend(self.seen.iter().filter_map(|event| event["pid"].as_u64()));
        for pid in pids.into_iter().filter(|pid| is_in_a_session(*pid)) {
            let _ = Command::new("kill")
                .args(["-s", "KILL", &pid.to_string()])
                .status();
        }
    }
}

/// The processes that `parent` started.
fn children(parent: u32) -> Vec<u64> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |pid: &u64| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        fields.split(' ').nth(1) == Some(&parent.to_string())
    };
    pids.filter(is_child).collect()
}

/// Whether a process was started with a control folder: its number may belong to another one by now.
fn is_in_a_session(pid: u64) -> bool {
    let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environ
        .split(|byte| *byte == 0)
        .any(|variable| variable.starts_with(b"HOTPATCH_CONTROL_DIR="))
}

pub(crate) fn signal_process(pid: u32, signal: &str) {
    assert!(
        Command::new("kill")
            .args(["-s", signal, &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

fn lines<T: Send + 'static>(
    from: impl Read + Send + 'static,
    parse: impl Fn(String) -> Option<T> + Send + 'static,
) -> Receiver<T> {
    let (sender, receiver): (Sender<T>, _) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            if let Some(item) = parse(line)
                && sender.send(item).is_err()
            {
                return;
            }
        }
    });
    receiver
}
