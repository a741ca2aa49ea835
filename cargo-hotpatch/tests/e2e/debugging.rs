//! Backtraces, panics, gdb and perf name what patches brought, with the lines of its own generation.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::project::{Project, text};
use crate::session::Session;

const MAIN: &str = r#"
pub struct World { pub count: u64 }

fn helper(world: &mut World) -> String {
    let trace = std::backtrace::Backtrace::force_capture(); // the line of the trace
    world.count += 1;
    trace.to_string()
}

#[hotpatch::hotpatch]
fn step(world: &mut World, line: &str) -> String {
    let before = world.count;
    if line == "panic" {
        panic!("at {before}"); // the line of the panic
    }
    if line == "trace" {
        return helper(world); // the line of the call
    }
    world.count = before + 1;
    before.to_string() // the last line
}

#[hotpatch::hotpatch]
fn spin(times: u64) -> u64 {
    (0..times).fold(0, |sum, time| std::hint::black_box(sum ^ time))
}

fn main() {
    std::panic::set_hook(Box::new(|info| println!("{}", info.location().unwrap())));
    let mut world = World { count: 0 };
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        if line == "spin" {
            println!("spins");
            loop { hotpatch::call(|| spin(10_000)); }
        }
        let step = std::panic::AssertUnwindSafe(|| hotpatch::call(|| step(&mut world, &line)));
        println!("{}", std::panic::catch_unwind(step).unwrap_or_default());
        println!("end");
    }
}
"#;

/// What the program prints to a question.
fn answer(session: &mut Session, question: &str) -> Vec<String> {
    session.send(question);
    std::iter::repeat_with(|| session.line())
        .take_while(|line| line != "end")
        .collect()
}

/// `src/main.rs:<line>` of the one line of the sources that holds `mark`.
fn place(project: &Project, mark: &str) -> String {
    let source = project.read("src/main.rs");
    let (before, _) = source.split_once(mark).unwrap();
    format!("src/main.rs:{}:", before.lines().count())
}

/// The name of the body of `step`, from a backtrace, whose frames must have the lines that the sources have now.
fn body_in_trace(project: &Project, session: &mut Session, krate: &str) -> String {
    let (helper, body) = (
        format!("{krate}::helper"),
        format!("{krate}::step::__hotpatch_body_"),
    );
    let trace = answer(session, "trace");
    let frame = |name: &str| {
        let at = trace.iter().position(|line| line.contains(name));
        at.unwrap_or_else(|| panic!("no `{name}` in:\n{}", trace.join("\n")))
    };
    for (name, mark) in [
        (&helper, "// the line of the trace"),
        (&body, "// the line of the call"),
    ] {
        let place = place(project, mark);
        assert!(
            trace[frame(name) + 1].contains(&place),
            "no `{place}` in:\n{}",
            trace.join("\n")
        );
    }
    let body = &trace[frame(&body)];
    body.rsplit_once(": ").unwrap().1.trim().to_owned()
}

#[test]
fn backtraces_and_panics_name_patched_frames_with_their_lines() {
    let project = Project::new("debugging_traces", MAIN);
    let mut session = Session::start(&project, &[]);
    let built = body_in_trace(&project, &mut session, "debugging_traces");
    // Each edit moves the lines of what it changes; each trace is printed after the standard library has looked at the
    // images of the process before.
    for (from, to) in [
        (
            "    let before = world.count;",
            "    // One line more.\n    let before = world.count + 100;",
        ),
        (
            "    let trace = ",
            "    // One.\n    // Two.\n    world.count += 7;\n    let trace = ",
        ),
        ("fn step(world", "// Above.\nfn step(world"),
        ("world.count + 100;", "world.count\n        + 200;"),
    ] {
        project.edit("src/main.rs", from, to);
        let outcome = session.outcome();
        assert!(
            ["applied", "nothing-to-do"].contains(&outcome["event"].as_str().unwrap()),
            "{outcome}"
        );
        if outcome["event"] == "applied" {
            assert_eq!(body_in_trace(&project, &mut session, "debugging_traces"), built);
            let panicked = answer(&mut session, "panic");
            assert!(
                panicked[0].starts_with(&place(&project, "// the line of the panic")),
                "{panicked:?}"
            );
        }
    }
    assert!(session.finish().success());
}

/// A debugger that reads commands from a pipe.
struct Gdb {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Gdb {
    /// `None`, and a loud word, where there is no gdb or it may not look at other processes.
    fn attach(pid: u64) -> Option<Self> {
        let mut command = Command::new("gdb");
        command.args([
            "-q",
            "-nx",
            "-iex",
            "set debuginfod enabled off",
            "-p",
            &pid.to_string(),
        ]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            eprintln!(
                "SKIPPED: there is no gdb on this machine, so nobody has seen what it shows of patches"
            );
            return None;
        };
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut gdb = Self { child, output };
        for setting in ["set pagination off", "set confirm off", "set width 0"] {
            gdb.run(setting);
        }
        if gdb.run("info inferiors").contains(&format!("process {pid}")) {
            return Some(gdb);
        }
        let _ = gdb.child.kill();
        let mut said = String::new();
        let _ = gdb.child.stderr.take().unwrap().read_to_string(&mut said);
        eprintln!(
            "SKIPPED: gdb cannot attach to a process here, so nobody has seen what it shows of patches: {said}"
        );
        None
    }

    /// Gives a command. What it prints comes with [`output`](Self::output).
    fn begin(&mut self, command: &str) {
        use std::io::Write;
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{command}\necho @@end\\n").unwrap();
    }

    fn output(&mut self) -> String {
        let mut said = String::new();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "gdb ended: {said}");
            if line.trim_end().ends_with("@@end") {
                return said;
            }
            said += &line;
        }
    }

    fn run(&mut self, command: &str) -> String {
        self.begin(command);
        self.output()
    }
}

impl Drop for Gdb {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn expect(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "no `{part}` in:\n{said}");
    }
}

#[test]
fn gdb_stops_in_patched_functions_and_shows_their_source_and_locals() {
    let project = Project::new("debugging_gdb", MAIN);
    let mut session = Session::start(&project, &[]);
    let pid = session.seen.last().unwrap()["pid"].as_u64().unwrap();
    let body = body_in_trace(&project, &mut session, "debugging_gdb");
    project.edit(
        "src/main.rs",
        "    let before = world.count;",
        "    // New.\n    let before = world.count + 100;",
    );
    session.applied();
    let Some(mut gdb) = Gdb::attach(pid) else { return };
    gdb.run("break debugging_gdb::step");
    expect(&gdb.run(&format!("break {body}")), &["2 locations"]);
    let last = place(&project, "// the last line");
    gdb.run(&format!("break {}", last.trim_end_matches(':')));
    session.send("x");
    // The way in, then the body of the newest generation.
    expect(&gdb.run("continue"), &["debugging_gdb::step (", "world="]);
    expect(
        &gdb.run("continue"),
        &[&body, place(&project, "let before = ").trim_end_matches(':')],
    );
    expect(&gdb.run("info args"), &["world = ", "line = \"x\""]);
    expect(&gdb.run("continue"), &[&body, last.trim_end_matches(':')]);
    expect(&gdb.run("info locals"), &["before = 101"]);
    expect(&gdb.run("list"), &["// the last line"]);
    expect(&gdb.run("backtrace 6"), &[&body, "debugging_gdb::step ("]);
    // An edit while the process stands still waits for it, and breakpoints that were set before reach what it brings.
    project.edit(
        "src/main.rs",
        "world.count + 100;",
        "world.count + 1000;\n    let twice = before * 2;\n    std::hint::black_box(twice);",
    );
    assert_eq!(session.event("unanswered")["stopped"], true);
    gdb.run("delete");
    gdb.run(&format!("break {body}"));
    gdb.begin("continue");
    session.applied();
    assert_eq!(session.line(), "101");
    assert_eq!(session.line(), "end");
    session.send("x");
    expect(&gdb.output(), &["Breakpoint", &body]);
    let last = place(&project, "// the last line");
    gdb.run(&format!("break {}", last.trim_end_matches(':')));
    expect(&gdb.run("continue"), &[&body, last.trim_end_matches(':')]);
    expect(&gdb.run("info locals"), &["before = 1102", "twice = 2204"]);
    gdb.run("delete");
    gdb.run("detach");
    assert_eq!(session.line(), "1102");
    assert_eq!(session.line(), "end");
    drop(gdb);
    assert!(session.finish().success());
}

#[test]
fn perf_names_patched_functions() {
    let project = Project::new("debugging_perf", MAIN);
    let mut session = Session::start(&project, &[]);
    let pid = session.seen.last().unwrap()["pid"].as_u64().unwrap();
    project.edit("src/main.rs", "sum ^ time", "sum ^ time ^ 1");
    session.applied();
    assert_eq!(session.ask("spin"), "spins");
    let data = project.path("perf.data");
    let perf = |arguments: &[&str]| {
        Command::new("perf")
            .args(arguments)
            .env("HOME", project.path(""))
            .output()
    };
    let data = data.to_str().unwrap();
    // As long as it takes to catch the program at it.
    for _ in 0..20 {
        let recorded = perf(&[
            "record",
            "-q",
            "-o",
            data,
            "-p",
            &pid.to_string(),
            "--",
            "sleep",
            "0.2",
        ]);
        let recorded = match recorded {
            Ok(recorded) if recorded.status.success() => recorded,
            failed => {
                eprintln!(
                    "SKIPPED: perf cannot record here, so nobody has seen what it shows of patches: {failed:?}"
                );
                return;
            }
        };
        let script = text(&perf(&["script", "-i", data]).unwrap().stdout);
        if script.contains("debugging_perf::spin::__hotpatch_body_") && script.contains("patch-1.so") {
            return;
        }
        eprintln!("{}{script}", text(&recorded.stderr));
    }
    panic!("perf has not seen the patched function");
}
