//! The examples of the repository, edited while they run, and the demonstration.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::project::{Project, command, repository, text};
use crate::session::Session;

/// The example as a package of its own.
fn example(name: &str) -> Project {
    let source = std::fs::read_to_string(repository().join(format!("examples/{name}.rs"))).unwrap();
    Project::new(&format!("example_{name}"), &source)
}

#[test]
fn counter_counts_on() {
    let project = example("counter");
    let mut session = Session::start(&project, &[]);
    assert_eq!(session.line(), "the count is 1");
    assert_eq!(session.line(), "the count is 2");
    project.edit("src/main.rs", "the count is {count}", "now at {count}");
    assert_eq!(session.applied(), ["example_counter::step"]);
    let mut expected = 3;
    loop {
        let line = session.line();
        if line == format!("now at {expected}") {
            break;
        }
        assert_eq!(line, format!("the count is {expected}"));
        expected += 1;
    }
}

#[test]
fn the_quick_start_of_the_readme_is_the_counter() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let example = std::fs::read_to_string(repository().join("examples/counter.rs")).unwrap();
    let code = example.split_once("\n\n").unwrap().1;
    assert!(readme.contains(code));
}

/// The round and the living cells of the next frame.
fn frame(session: &mut Session) -> (u64, String) {
    loop {
        let line = session.line();
        if let Some((_, text)) = line.split_once("round ") {
            let (round, rest) = text.split_once(',').unwrap();
            return (round.parse().unwrap(), rest.trim().to_owned());
        }
    }
}

#[test]
fn life_changes_its_rule_and_its_looks() {
    let project = example("life");
    let mut session = Session::start(&project, &[]);
    let (before, _) = frame(&mut session);
    project.edit("src/main.rs", "{alive} alive", "{alive} LIVING");
    assert_eq!(session.applied(), ["example_life::Colony::paint"]);
    let after = loop {
        let (round, text) = frame(&mut session);
        if text.ends_with("LIVING") {
            break round;
        }
    };
    assert!(after > before);
    // Nobody is ever born or stays alive.
    project.edit(
        "src/main.rs",
        "matches!((alive, neighbours), (true, 2) | (_, 3))",
        "alive && neighbours > 8",
    );
    assert_eq!(session.applied(), ["example_life::next_cell"]);
    while frame(&mut session).1 != "0 LIVING" {}
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    fn get(&mut self, path: &str) -> String {
        write!(self.0.get_mut(), "GET {path} HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        let mut len = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                len = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; len];
        self.0.read_exact(&mut body).unwrap();
        text(&body).trim_end().to_owned()
    }
}

#[test]
fn server_answers_anew_on_the_same_connection() {
    let project = example("server");
    let more = "axum = { version = \"0.8\", default-features = false, features = [\"http1\", \"tokio\"] }\n\
                tokio = { version = \"1\", features = [\"macros\", \"net\", \"rt-multi-thread\"] }\n";
    project.write("Cargo.toml", &crate::project::manifest("example_server", more));
    let mut session = Session::start(&project, &["--", "127.0.0.1:0"]);
    let line = session.line();
    let address = line.strip_prefix("listening on http://").unwrap();
    let mut connection = Connection(BufReader::new(TcpStream::connect(address).unwrap()));
    assert_eq!(connection.get("/hello/Ada"), "Hello, Ada! This is visit 1.");
    project.edit("src/main.rs", "Hello, {name}!", "Welcome, {name}!");
    assert_eq!(session.applied(), ["example_server::greeting"]);
    assert_eq!(connection.get("/hello/Ada"), "Welcome, Ada! This is visit 2.");
    project.edit("src/main.rs", "{name}: {count}", "{name} came {count} times");
    assert_eq!(session.applied(), ["example_server::report"]);
    assert_eq!(connection.get("/"), "Ada came 2 times");
}

/// A program that was started plainly, with its standard output.
struct Plain(Child, BufReader<ChildStdout>);

impl Plain {
    fn start(program: &Path, folder: &Path) -> Self {
        let mut child = Command::new(program);
        let child = child.arg(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self(child, output)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "the program ended: {line}");
        line.trim_end().to_owned()
    }

    /// Counts on to the line that ends in these words.
    fn line_with(&mut self, words: &str) {
        while !self.line().ends_with(words) {}
    }

    /// Ends it, and returns what it said on standard error.
    fn end(mut self) -> String {
        self.0.kill().unwrap();
        text(&self.0.wait_with_output().unwrap().stderr)
    }
}

#[test]
fn follow_takes_patches_without_the_tool() {
    let project = example("follow");
    let program = crate::scripts::built(&project, &[]);
    let folder = project.path("patches");
    std::fs::create_dir(&folder).unwrap();
    let patch = |name: &str| {
        let output = project.output(&["patch", "-o", &format!("patches/{name}")]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    let mut process = Plain::start(&program, &folder);
    assert_eq!(process.line(), "request 1: hello");
    project.edit("src/main.rs", ": hello", ": good morning");
    patch("morning");
    process.line_with(": good morning");
    project.edit("src/main.rs", ": good morning", ": good night");
    patch("evening");
    process.line_with(": good night");
    // Into a file whose code was live, and in which nothing of what runs lies any more.
    std::fs::write(folder.join("evening"), "").unwrap();
    patch("evening");
    process.line_with(": good night");
    let said = process.end();
    let told = |said: &str| {
        let words = |line: &str| {
            line.split_once(") ")
                .unwrap()
                .1
                .split(['`', ':'])
                .next()
                .unwrap()
                .to_owned()
        };
        said.lines().map(words).collect::<Vec<_>>()
    };
    assert_eq!(told(&said), ["is live", "is live"], "{said}");

    let mut again = Plain::start(&program, &folder);
    assert_eq!(again.line(), "request 1: good night");
    let said = again.end();
    assert_eq!(told(&said), ["is live", "was passed over"], "{said}");
}

#[test]
fn the_demo_shows_what_it_promises() {
    let output = command().current_dir(repository()).arg("demo").output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{said}");
    for word in ["(generation 3)", "rustc says no", "never stopped"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}
