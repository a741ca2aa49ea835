//! The tool as its users run it: two stages that belong together are swapped under threads that run all the time.
#![forbid(unsafe_code)]

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const STAGES: [&str; 4] = ["parser", "compiler", "optimizer", "backend"];
const BOTH: &[&str] = &["compiler", "backend"];

fn profile() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_pipeline")).parent().unwrap()
}

/// Builds stages and copies them to `folder`.
fn build(folder: &Path, stages: &[&str], features: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet"]).args(features);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo.arg("--target-dir").arg(profile().parent().unwrap());
    if profile().ends_with("release") {
        cargo.arg("--release");
    }
    for stage in stages {
        cargo.arg("-p").arg(format!("pipeline-{stage}"));
    }
    assert!(cargo.status().unwrap().success());
    for stage in stages {
        let name = format!("libpipeline_{stage}.so");
        fs::copy(profile().join(&name), folder.join(&name)).unwrap();
    }
}

struct Tool {
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Tool {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pipeline"))
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
        }
    }

    #[track_caller]
    fn read(&mut self) -> String {
        self.output.next().expect("the tool has ended").unwrap()
    }

    #[track_caller]
    fn check(&mut self, say: &str, expect: &[&str]) {
        writeln!(self.input, "{say}").unwrap();
        for expect in expect {
            assert_eq!(self.read(), *expect, "after `{say}`");
        }
    }

    /// The lines until the tool ends.
    fn end(self) -> Vec<String> {
        let Self {
            mut process,
            input,
            output,
        } = self;
        drop(input);
        let rest = output.map(Result::unwrap).collect();
        assert!(process.wait().unwrap().success());
        rest
    }
}

const OLD: &str = "parser 1.0, compiler 1.0, optimizer 1.0, backend 1.0";
const NEW: &str = "parser 1.0, compiler 2.0, optimizer 1.0, backend 2.0";

#[test]
fn two_stages_switch_in_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let folder: PathBuf = folder.path().into();
    fs::create_dir_all(&folder).unwrap();
    build(&folder, &STAGES, &[]);
    let mut tool = Tool::start(&folder);
    assert_eq!(tool.read(), OLD);
    tool.check("10 - 2 * 3", &["push 10; push 6; sub", "= 4"]);
    tool.check("(x + 1) / 4", &["push x; push 1; add; push 4; div", "= 0.5"]);
    tool.check("1 / 0", &["no result: a division by zero"]);
    tool.check("1 +", &["no result: expected a number, not ``"]);

    build(&folder, BOTH, &["--features", "next"]);
    tool.check(":busy 10 - 2 * 3", &["busy with 10 - 2 * 3"]);
    for _ in 0..20 {
        tool.check(":swap compiler backend", &[NEW]);
        tool.check(":back compiler backend", &[OLD]);
    }
    tool.check(":swap compiler backend", &[NEW]);
    tool.check("10 - 2 * 3", &["push 6; push 10; sub", "= 4"]);

    // A stage that cannot be loaded holds up the other one, too.
    fs::write(folder.join("libpipeline_backend.so"), "no library").unwrap();
    writeln!(tool.input, ":swap compiler backend").unwrap();
    let refused = tool.read();
    assert!(
        refused.starts_with("refused: ") && refused.contains("libpipeline_backend.so"),
        "{refused}"
    );
    tool.check(":stages", &[NEW]);

    writeln!(tool.input, ":idle").unwrap();
    let counts = tool.end();
    // Old with old or new with new, and always the right result.
    let states: Vec<&str> = counts
        .iter()
        .filter_map(|line| line.split_once(", ").map(|_| line.rsplit_once(", ").unwrap().0))
        .collect();
    assert_eq!(
        states,
        [format!("{OLD}: Ok(4.0)"), format!("{NEW}: Ok(4.0)")],
        "{counts:?}"
    );
}
