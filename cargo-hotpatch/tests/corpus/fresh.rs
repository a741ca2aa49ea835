//! What a fresh build of edited sources says: the truth that a running program is compared with.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::data::Request;
use crate::files::{self, Files};
use crate::project::Project;
use crate::verdict::Problem;

/// A folder for fresh builds, beside that of the session. Kept between runs.
pub(crate) struct Fresh<'a> {
    pub(crate) project: &'a Project,
    pub(crate) arguments: Vec<&'a str>,
}

impl Fresh<'_> {
    /// Builds these files with plain cargo, and compares what the program answers.
    ///
    /// # Errors
    ///
    /// The data are wrong.
    pub(crate) fn check(&self, files: &Files, expected: &[Request]) -> Result<(), Problem> {
        files::lay_out(self.project, files);
        // The variables that the session has.
        let session = self.project.hotpatch(&[]);
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        for (name, value) in session.get_envs() {
            match value {
                Some(value) => cargo.env(name, value),
                None => cargo.env_remove(name),
            };
        }
        let mut program = cargo
            .args(["run", "--quiet", "--offline", "--target-dir", "target"])
            .args(&self.arguments)
            .current_dir(self.project.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let asked: String = expected
            .iter()
            .map(|request| format!("{}\n", request.ask))
            .collect();
        // A build that fails reads nothing.
        let _ = program.stdin.take().unwrap().write_all(asked.as_bytes());
        let output = program.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let answers: Vec<_> = text.lines().collect();
        let wanted: Vec<_> = expected.iter().map(|request| request.answer.as_str()).collect();
        if answers != wanted {
            let differ = answers
                .iter()
                .zip(&wanted)
                .find(|(found, wanted)| found != wanted);
            let text = format!(
                "a fresh build answers otherwise: {differ:?} of {} answers",
                answers.len()
            );
            return Err(Problem::Wrong(text));
        }
        Ok(())
    }
}
