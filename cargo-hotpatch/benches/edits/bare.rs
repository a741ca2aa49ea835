//! The bare replay: the recorded rustc and a linker that does nothing. No tool that uses rustc can be faster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::example::Example;
use crate::samples::duration_of;

/// What the tool recorded about a compilation, as far as it is needed here.
#[derive(Deserialize)]
struct Record {
    kind: String,
    rustc: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: PathBuf,
}

/// The compilation of the program, apart from that of the session: with a folder of its own for the output, and its
/// own copy of rustc's incremental folder.
pub(crate) struct BareReplay(Record);

impl BareReplay {
    /// Takes the record that the build of the example left, and compiles the sources as they are once: rustc generates
    /// all code anew when the output folder is another than that of the incremental folder's last compilation.
    pub(crate) fn new(example: &Example) -> Self {
        let mut record = program(&example.target().join("hotpatch/.hotpatch/capture"));
        let (out, incremental) = (
            example.project.path("bare/out"),
            example.project.path("bare/incremental"),
        );
        std::fs::create_dir_all(&out).unwrap();
        let mut theirs = None;
        for index in 1..record.args.len() {
            if record.args[index - 1] == "--out-dir" {
                record.args[index] = out.display().to_string();
            } else if let Some(dir) = record.args[index].strip_prefix("incremental=") {
                theirs = Some(dir.to_owned());
                record.args[index] = format!("incremental={}", incremental.display());
            }
        }
        let theirs = theirs.expect("a debug build is incremental");
        let copied = Command::new("cp")
            .arg("-R")
            .arg(theirs)
            .arg(&incremental)
            .status()
            .unwrap();
        assert!(copied.success(), "the incremental folder cannot be copied");
        record.args.extend(["-C", "linker=true"].map(String::from));
        let replay = Self(record);
        replay.run();
        replay
    }

    /// Compiles the sources as they are; the milliseconds that it took.
    pub(crate) fn run(&self) -> f64 {
        let Record {
            rustc,
            args,
            env,
            cwd,
            ..
        } = &self.0;
        let mut command = Command::new(rustc);
        command.args(args).env_clear().envs(env).current_dir(cwd);
        duration_of(&mut command)
    }
}

/// The record of the only program among the captures.
fn program(captures: &Path) -> Record {
    let files = std::fs::read_dir(captures)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut records =
        files.map(|file| serde_json::from_slice::<Record>(&std::fs::read(file).unwrap()).unwrap());
    records
        .find(|record| record.kind == "Program")
        .expect("a program was built")
}
