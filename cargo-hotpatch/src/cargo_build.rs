//! The build by the user's own cargo, with the tool as rustc wrapper.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::caller_env;
use crate::capture::write_json;
use crate::cargo::cargo;
use crate::local_crate::LocalCrate;
use crate::messages;
use crate::plan::{Built, Plan};
use crate::refusal::Exit;
use crate::roles::{CALLER_ENV, ROLE, Role, STATE};
use crate::runnable::Runnable;
use crate::rustc_args::UnitKey;
use crate::scratch_dir::ScratchDir;

impl Plan {
    /// Builds the program.
    ///
    /// # Errors
    ///
    /// [`Exit`] with cargo's exit code where cargo has explained the failure.
    pub(crate) fn build(&self) -> Result<Built> {
        let built = match self.built_and_recorded()? {
            Ok(built) => built,
            Err(_) => {
                // Cargo found the program fresh, but its record is gone: only a new build brings it back.
                self.forget_workspace_builds()?;
                self.built_and_recorded()??
            }
        };
        write_json(&self.last(), &built.executable)?;
        Ok(built)
    }

    fn built_and_recorded(&self) -> Result<Result<Built>> {
        let started = SystemTime::now();
        let (executable, local) = self.run_cargo()?;
        Ok(self.base_of(&executable).map(|base| Built {
            executable,
            base,
            started,
            local: Some(local),
        }))
    }

    fn run_cargo(&self) -> Result<(PathBuf, Vec<LocalCrate>)> {
        // A folder of a session: when the build is interrupted, the next start removes it.
        let scratch = ScratchDir::new(&self.state.sessions())?;
        let caller = scratch.path().join("caller-env.json");
        let env = self.project.toolchain().environment(&self.env);
        let mut cargo = cargo(&env);
        caller_env::save(&caller, &caller_env::utf8(env))?;
        cargo
            .arg("build")
            .args(self.selection.build_flags())
            .arg(format!("--{}", self.runnable.kind.as_str()))
            .arg(&self.runnable.name)
            .arg("--target-dir")
            .arg(&self.target_dir)
            .arg(match messages::wanted() {
                Some(_) => "--message-format=json",
                None => "--message-format=json-render-diagnostics",
            })
            // A shared `build.build-dir` would mix these artifacts with those of plain builds.
            .env("CARGO_BUILD_BUILD_DIR", &self.target_dir)
            .env("RUSTC_WORKSPACE_WRAPPER", self.state.rustc_stand_in()?)
            .env(ROLE, Role::RustcWrapper.as_str())
            .env(STATE, self.state.path())
            .env(CALLER_ENV, caller)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = cargo.spawn().context("cannot run cargo")?;
        let stdout = BufReader::new(child.stdout.take().context("cargo has no standard output")?);
        let mut executable = None;
        let mut local = Vec::new();
        for line in stdout.lines().map_while(Result::ok) {
            if messages::wanted().is_some() {
                messages::pass_on(&line);
            }
            let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_str(&line) else {
                continue;
            };
            local.extend(artifact.local());
            if artifact.target.is(&self.runnable) && artifact.executable.is_some() {
                executable = artifact.executable;
            }
        }
        let status = child.wait()?;
        if !status.success() {
            return Err(Exit(
                status
                    .code()
                    .and_then(|code| u8::try_from(code).ok())
                    .unwrap_or(101),
            )
            .into());
        }
        let executable =
            executable.with_context(|| format!("cargo built no executable for `{}`", self.runnable.name))?;
        Ok((executable, local))
    }

    /// Makes cargo compile the crates of the workspace again.
    fn forget_workspace_builds(&self) -> Result<()> {
        let mut cargo = cargo(&self.env);
        cargo
            .arg("clean")
            .args(self.selection.manifest_flags())
            .arg("--quiet")
            .arg("--target-dir")
            .arg(&self.target_dir);
        cargo
            .args(["--profile", self.selection.profile_name()])
            .env("CARGO_BUILD_BUILD_DIR", &self.target_dir);
        for package in self.project.members() {
            cargo.args(["--package", package]);
        }
        let status = cargo.stdout(Stdio::null()).status().context("cannot run cargo")?;
        if status.success() {
            Ok(())
        } else {
            Err(Exit(101).into())
        }
    }
}

/// What cargo reports on its standard output.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    manifest_path: PathBuf,
    target: ArtifactTarget,
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
}

impl Artifact {
    /// The crate, if it is one of this machine and not of a registry.
    fn local(&self) -> Option<LocalCrate> {
        let is_local = self.package_id.starts_with("path+");
        is_local.then(|| LocalCrate {
            manifest: self.manifest_path.clone(),
            root: self.target.src_path.clone(),
            library: self
                .filenames
                .iter()
                .find(|file| UnitKey::of_library(file).is_some())
                .cloned(),
        })
    }
}

#[derive(Deserialize)]
struct ArtifactTarget {
    name: String,
    kind: Vec<String>,
    src_path: PathBuf,
}

impl ArtifactTarget {
    fn is(&self, runnable: &Runnable) -> bool {
        self.name == runnable.name && self.kind.iter().any(|kind| kind == runnable.kind.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runnable::RunnableKind;

    #[test]
    fn only_the_chosen_program_counts() {
        let line = r#"{"reason":"compiler-artifact","package_id":"x","target":{"name":"game","kind":["bin"],"src_path":"/w"},"manifest_path":"/w/Cargo.toml","filenames":["/t/game"],"executable":"/t/game","fresh":true}"#;
        let Message::CompilerArtifact(Artifact {
            target, executable, ..
        }) = serde_json::from_str(line).unwrap()
        else {
            panic!()
        };
        let runnable = |name: &str, kind| Runnable {
            package: "game".into(),
            name: name.into(),
            kind,
        };
        assert!(target.is(&runnable("game", RunnableKind::Bin)));
        assert!(!target.is(&runnable("game", RunnableKind::Example)));
        assert!(!target.is(&runnable("other", RunnableKind::Bin)));
        assert_eq!(executable, Some("/t/game".into()));
        assert!(matches!(
            serde_json::from_str(r#"{"reason":"build-finished","success":true}"#),
            Ok(Message::Other)
        ));
    }
}
