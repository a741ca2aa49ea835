//! `kill -9` of the tool at every step of a patch: the program goes on with whole code, and the next tool reaches it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::project::{Project, text};
use crate::scripts::built;
use crate::session::{PATIENCE, Session, signal_process};

/// Says which code both of its functions run. Its input and output are files, which do not end with the tool. The file
/// `hold` names the event at which it waits, and `held` says that it does.
const MAIN: &str = r#"
use std::fs::{File, OpenOptions, exists, read_to_string, write};
use std::io::{BufRead, BufReader, Write};
use hotpatch::{Event, hotpatch};

#[hotpatch]
fn left() -> u32 { 1 }

#[hotpatch]
fn right() -> u32 { 1 }

fn main() {
    hotpatch::on_event(|event| {
        let name = match event {
            Event::Preparing(_) => "preparing",
            Event::Applied(_) => "applied",
            _ => return,
        };
        if read_to_string("hold").is_ok_and(|hold| hold == name) {
            write("held", name).unwrap();
            while exists("hold").unwrap() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
    });
    let mut answers = OpenOptions::new().read(true).write(true).open("answers").unwrap();
    for line in BufReader::new(File::open("questions").unwrap()).lines() {
        let (left, right) = hotpatch::call(|| (left(), right()));
        writeln!(answers, "{} {left} {right}", line.unwrap()).unwrap();
    }
}
"#;

/// The project, and this end of the program's input and output.
struct Bench {
    project: Project,
    questions: File,
    answers: BufReader<File>,
    asked: usize,
}

impl Bench {
    fn new(name: &str) -> Self {
        let project = Project::new(name, MAIN);
        let open = |fifo: &str| {
            let path = project.path(fifo);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            OpenOptions::new().read(true).write(true).open(path).unwrap()
        };
        let (questions, answers) = (open("questions"), BufReader::new(open("answers")));
        Self {
            project,
            questions,
            answers,
            asked: 0,
        }
    }

    /// The version of the code that the program runs, which is the same for both functions.
    fn version(&mut self) -> u32 {
        self.asked += 1;
        writeln!(self.questions, "{}", self.asked).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let words: Vec<u32> = answer
            .split_whitespace()
            .map(|word| word.parse().unwrap())
            .collect();
        assert_eq!((words[0] as usize, words[1]), (self.asked, words[2]), "{answer}");
        words[1]
    }

    fn save(&self, version: u32) {
        self.project.write(
            "src/main.rs",
            &MAIN.replace("u32 { 1 }", &format!("u32 {{ {version} }}")),
        );
    }

    /// Has the program wait at this event.
    fn hold(&self, event: &str) {
        let _ = fs::remove_file(self.project.path("held"));
        self.project.write("hold", event);
    }

    fn wait_until_held(&self) {
        wait_until("the program is held", || self.project.path("held").exists());
    }

    fn release(&self) {
        let _ = fs::remove_file(self.project.path("hold"));
    }

    /// The next tool: it sees the program, and its patch becomes live.
    fn next_patch(&mut self, pid: u32, version: u32) {
        self.run(&["status", "--pid", &pid.to_string()]);
        self.run(&["apply", "--pid", &pid.to_string(), &patch_name(version)]);
        assert_eq!(self.version(), version);
    }

    fn make_patch(&self, version: u32) {
        self.save(version);
        self.run(&["patch", "-o", &patch_name(version)]);
    }

    fn run(&self, arguments: &[&str]) {
        let output = self.project.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
}

fn patch_name(version: u32) -> String {
    format!("{version}.patch")
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether the process holds a socket and waits for something: it has sent what it has to say.
fn waits_at_a_socket(pid: u32) -> bool {
    let entries = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    let mut targets = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
    let has_socket = targets.any(|target| target.to_string_lossy().starts_with("socket:"));
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    has_socket && stat.contains(") S ")
}

#[test]
fn of_the_tool_that_applies_a_patch() {
    let mut bench = Bench::new("kills_apply");
    let program = built(&bench.project, &[]);
    let control = bench.project.path("control");
    fs::create_dir(&control).unwrap();
    Command::new("chmod").arg("700").arg(&control).status().unwrap();
    let mut process = Command::new(program)
        .current_dir(bench.project.path(""))
        .env("HOTPATCH_CONTROL_DIR", &control)
        .env("HOTPATCH_CONTROL_TOKEN", "token")
        .spawn()
        .unwrap();
    let pid = process.id();
    assert_eq!(bench.version(), 1);
    for version in [2, 3] {
        bench.make_patch(version);
    }
    bench.next_patch(pid, 2);

    // Before the process has seen the offer, inside the commit, and after the switch but before the answer.
    for (step, may_run) in [("stopped", [2, 3]), ("preparing", [3, 3]), ("applied", [3, 3])] {
        if step == "stopped" {
            signal_process(pid, "STOP");
        } else {
            bench.hold(step);
        }
        let mut tool = bench
            .project
            .hotpatch(&["apply", "--pid", &pid.to_string(), &patch_name(3)])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if step == "stopped" {
            wait_until("the tool waits", || waits_at_a_socket(tool.id()));
        } else {
            bench.wait_until_held();
        }
        tool.kill().unwrap();
        tool.wait().unwrap();
        signal_process(pid, "CONT");
        bench.release();
        // The process answers one after the other, so this comes after the end of that commit.
        bench.run(&["status", "--pid", &pid.to_string()]);
        let version = bench.version();
        assert!(may_run.contains(&version), "{step}: {version}");
        bench.next_patch(pid, 2);
    }
    process.kill().unwrap();
    process.wait().unwrap();
    assert_sockets(&control, 1);
    // Nobody is behind the socket that it left, and nobody is held up by it.
    let output = bench.project.output(&["status", "--pid", &pid.to_string()]);
    assert!(!output.status.success());
}

fn assert_sockets(control: &Path, count: usize) {
    assert_eq!(fs::read_dir(control).unwrap().count(), count);
}

#[test]
fn of_the_session() {
    let mut bench = Bench::new("kills_session");
    // While it compiles, when the process has not looked yet, inside the commit, and before the answer.
    for step in ["compiling", "stopped", "preparing", "applied"] {
        bench.save(1);
        let mut session = Session::start(&bench.project, &[]);
        let attached = session
            .seen
            .iter()
            .find(|event| event["event"] == "process-attached");
        let pid = u32::try_from(attached.unwrap()["pid"].as_u64().unwrap()).unwrap();
        assert_eq!(bench.version(), 1, "{step}");
        match step {
            "stopped" => signal_process(pid, "STOP"),
            "compiling" => {}
            _ => bench.hold(step),
        }
        bench.save(2);
        match step {
            "compiling" => drop(session.event("change-detected")),
            "stopped" => drop(session.event("unanswered")),
            _ => bench.wait_until_held(),
        }
        session.signal("KILL");
        session.wait();
        signal_process(pid, "CONT");
        bench.release();
        bench.run(&["status", "--pid", &pid.to_string()]);
        let version = bench.version();
        let expected: &[u32] = match step {
            // It may have been quick.
            "compiling" => &[1, 2],
            // The offer lies in the socket, whose other end is closed.
            "stopped" => &[1, 2],
            _ => &[2],
        };
        assert!(expected.contains(&version), "{step}: {version}");
        bench.make_patch(3);
        bench.next_patch(pid, 3);
        signal_process(pid, "KILL");
    }
}
