//! A scratch copy of an example, as a package outside the repository, and how to edit and to ask it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use crate::project::{Project, manifest, repository};
use crate::session::Session;

const SOURCE: &str = "src/main.rs";

/// The copy.
pub(crate) struct Example {
    pub(crate) name: &'static str,
    pub(crate) project: Project,
    source: String,
}

impl Example {
    pub(crate) fn new(name: &'static str) -> Self {
        let project = Project::empty(name);
        let source = std::fs::read_to_string(repository().join(format!("examples/{name}.rs"))).unwrap();
        project.write(SOURCE, &source);
        project.write("Cargo.toml", &manifest(name, &dependencies(&source)));
        // The versions that the repository is tested with. What the copy does not need, cargo takes out.
        project.write(
            "Cargo.lock",
            &std::fs::read_to_string(repository().join("Cargo.lock")).unwrap(),
        );
        let example = Self {
            name,
            project,
            source,
        };
        let fetched = example.cargo().arg("fetch").output().unwrap();
        assert!(
            fetched.status.success(),
            "{}",
            String::from_utf8_lossy(&fetched.stderr)
        );
        example
    }

    /// Plain cargo in the folder and the environment in which [`Project::hotpatch`] runs.
    pub(crate) fn cargo(&self) -> Command {
        let hotpatch = self.project.hotpatch(&[]);
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.current_dir(self.project.path("."));
        for (name, value) in hotpatch.get_envs() {
            match value {
                Some(value) => cargo.env(name, value),
                None => cargo.env_remove(name),
            };
        }
        cargo
    }

    /// The target folder in which `cargo hotpatch` builds.
    pub(crate) fn target(&self) -> PathBuf {
        self.project.path("target")
    }

    /// Starts `cargo hotpatch run` and waits until the program has attached.
    pub(crate) fn start(&self) -> Running {
        let mut arguments = vec!["--target-dir", "target"];
        if self.name == "server" {
            arguments.extend(["--", "127.0.0.1:0"]);
        }
        let session = Session::start(&self.project, &arguments);
        Running {
            session,
            program: self.name,
            address: None,
        }
    }

    /// Saves the program with another string in the hot function: one that was never there before.
    pub(crate) fn edit(&self, number: usize) {
        let (before, after) = match self.name {
            "counter" => ("the count is", format!("edit {number}: the count is")),
            _ => ("Hello, ", format!("Edit {number}: Hello, ")),
        };
        assert!(self.source.contains(before), "`{before}` is not in the example");
        self.project.write(SOURCE, &self.source.replace(before, &after));
    }
}

/// The lines of the manifest for what an example uses, as the repository's own manifest has them.
fn dependencies(source: &str) -> String {
    let text = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&text).unwrap();
    let known = &manifest["workspace"]["dependencies"];
    let used = ["axum", "tokio"]
        .into_iter()
        .filter(|name| source.contains(&format!("use {name}::")));
    used.map(|name| format!("{name} = {}\n", known[name])).collect()
}

/// A session with the program; its end is the end of the program too.
pub(crate) struct Running {
    pub(crate) session: Session,
    program: &'static str,
    address: Option<String>,
}

impl Running {
    /// Waits until the program says what this edit makes it say. A server says it at once or never.
    pub(crate) fn says(&mut self, number: usize) {
        if self.program == "counter" {
            let expected = format!("edit {number}: the count is");
            while !self.session.line().contains(&expected) {}
        } else {
            let answer = get(self.address());
            assert!(
                answer.contains(&format!("Edit {number}: Hello, Ada!")),
                "{answer}"
            );
        }
    }

    fn address(&mut self) -> &str {
        self.address.get_or_insert_with(|| {
            let line = self.session.line();
            line.strip_prefix("listening on http://")
                .expect("the first line of the server")
                .to_owned()
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The tool hands the signal on, so nothing stays behind, also after a panic.
        self.session.signal("TERM");
        self.session.wait();
    }
}

fn get(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /hello/Ada HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
