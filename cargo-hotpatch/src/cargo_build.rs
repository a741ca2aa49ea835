//! The build by the user's own cargo, with the tool as rustc wrapper.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand};
use serde::Deserialize;

use crate::base::Base;
use crate::build_id::BuildId;
use crate::caller_env;
use crate::capture::{Capture, write_json};
use crate::project::Project;
use crate::refusal::Exit;
use crate::roles::{CALLER_ENV, ROLE, Role, STATE};
use crate::runnable::Runnable;
use crate::selection::Selection;
use crate::state_dir::StateDir;

/// What is to be built, and where.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) project: Project,
    pub(crate) runnable: Runnable,
    pub(crate) target_dir: PathBuf,
    pub(crate) state: StateDir,
    selection: Selection,
    env: BTreeMap<OsString, OsString>,
}

/// A program that cargo built.
#[derive(Debug)]
pub(crate) struct Built {
    /// Where cargo put it.
    pub(crate) executable: PathBuf,
    /// What it was linked from.
    pub(crate) base: Base,
    /// When the build began.
    pub(crate) started: SystemTime,
}

impl Plan {
    /// Asks cargo for the project and chooses the program.
    ///
    /// # Errors
    ///
    /// Cargo does not understand the project, or the program is not clear.
    pub(crate) fn new(selection: &Selection) -> Result<Self> {
        let env = caller_env::current();
        let metadata = metadata(selection, &env)?;
        let runnable = Runnable::choose(&metadata, selection)?;
        let target_dir = match &selection.target_dir {
            Some(dir) => std::path::absolute(dir)?,
            None => metadata.target_directory.clone().into(),
        };
        let target_dir = target_dir.join("hotpatch");
        let state = StateDir::inside(&target_dir);
        let project = Project::new(&metadata, target_dir.clone());
        Ok(Self {
            project,
            runnable,
            target_dir,
            state,
            selection: selection.clone(),
            env,
        })
    }

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

    /// The program that [`Self::build`] made last for the same selection, without building anything.
    ///
    /// # Errors
    ///
    /// It was not built, or is gone.
    pub(crate) fn built_last(&self) -> Result<Built> {
        let last = std::fs::read(self.last())
            .ok()
            .and_then(|text| serde_json::from_slice::<PathBuf>(&text).ok());
        let executable = last.filter(|executable| executable.exists());
        let executable =
            executable.context("the program is not built yet: run `cargo hotpatch build` first")?;
        let started = executable.metadata()?.modified()?;
        let base = self.base_of(&executable)?;
        Ok(Built {
            executable,
            base,
            started,
        })
    }

    /// The environment for cargo and for the program: the caller's.
    pub(crate) fn env(&self) -> &BTreeMap<OsString, OsString> {
        &self.env
    }

    fn built_and_recorded(&self) -> Result<Result<Built>> {
        let started = SystemTime::now();
        let executable = self.run_cargo()?;
        Ok(self.base_of(&executable).map(|base| Built {
            executable,
            base,
            started,
        }))
    }

    fn base_of(&self, executable: &Path) -> Result<Base> {
        let base = Base::load(&self.state, BuildId::of(executable)?);
        let base =
            base.with_context(|| format!("there is no record of how `{}` was linked", executable.display()))?;
        let recorded = base
            .record()
            .units
            .keys()
            .all(|key| Capture::exists(&self.state, key));
        if !recorded {
            bail!(
                "there is no record of how the crates of `{}` were compiled",
                executable.display()
            );
        }
        Ok(base)
    }

    fn run_cargo(&self) -> Result<PathBuf> {
        let caller = tempfile::Builder::new().prefix("hotpatch-env-").tempfile()?;
        serde_json::to_writer(&caller, &caller_env::utf8(self.env.clone()))?;
        let mut cargo = cargo(&self.env);
        cargo
            .arg("build")
            .args(self.selection.build_flags())
            .arg(format!("--{}", self.runnable.kind.as_str()))
            .arg(&self.runnable.name)
            .arg("--target-dir")
            .arg(&self.target_dir)
            .arg("--message-format=json-render-diagnostics")
            // A shared `build.build-dir` would mix these artifacts with those of plain builds.
            .env("CARGO_BUILD_BUILD_DIR", &self.target_dir)
            .env("RUSTC_WORKSPACE_WRAPPER", self.state.rustc_stand_in()?)
            .env(ROLE, Role::RustcWrapper.as_str())
            .env(STATE, self.state.path())
            .env(CALLER_ENV, caller.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = cargo.spawn().context("cannot run cargo")?;
        let stdout = BufReader::new(child.stdout.take().context("cargo has no standard output")?);
        let mut executable = None;
        for line in stdout.lines().map_while(Result::ok) {
            if let Ok(Message::CompilerArtifact {
                target,
                executable: Some(path),
            }) = serde_json::from_str(&line)
                && target.is(&self.runnable)
            {
                executable = Some(path);
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
        executable.with_context(|| format!("cargo built no executable for `{}`", self.runnable.name))
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

    /// The file that remembers what this selection built last.
    fn last(&self) -> PathBuf {
        let Runnable { package, name, kind } = &self.runnable;
        let profile = self.selection.profile_name();
        self.state
            .last()
            .join(format!("{package}-{}-{name}-{profile}.json", kind.as_str()))
    }
}

/// The user's cargo, in the caller's environment.
pub(crate) fn cargo(env: &BTreeMap<OsString, OsString>) -> Command {
    let mut cargo = Command::new(
        env.get(OsStr::new("CARGO"))
            .map_or("cargo".into(), OsString::clone),
    );
    cargo.env_clear().envs(env);
    cargo
}

/// Asks cargo for the project, without its dependencies.
///
/// # Errors
///
/// [`Exit`] where cargo has explained the failure.
pub(crate) fn metadata(selection: &Selection, env: &BTreeMap<OsString, OsString>) -> Result<Metadata> {
    let output = cargo(env)
        .args(["metadata", "--no-deps", "--format-version=1"])
        .args(selection.manifest_flags())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        return Err(Exit(101).into());
    }
    let text = std::str::from_utf8(&output.stdout).context("cargo's metadata is not UTF-8")?;
    MetadataCommand::parse(text).context("cannot read cargo's metadata")
}

/// What cargo reports on its standard output.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        target: ArtifactTarget,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct ArtifactTarget {
    name: String,
    kind: Vec<String>,
}

impl ArtifactTarget {
    fn is(&self, runnable: &Runnable) -> bool {
        self.name == runnable.name && self.kind.iter().any(|kind| kind == runnable.kind.as_str())
    }
}

/// The profile folder below the target folder, for messages.
pub(crate) fn relative(path: &Path) -> PathBuf {
    let cwd = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(cwd).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runnable::RunnableKind;

    #[test]
    fn only_the_chosen_program_counts() {
        let line = r#"{"reason":"compiler-artifact","package_id":"x","target":{"name":"game","kind":["bin"],"src_path":"/w"},"executable":"/t/game","fresh":true}"#;
        let Message::CompilerArtifact { target, executable } = serde_json::from_str(line).unwrap() else {
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
