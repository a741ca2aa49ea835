//! The build by the user's own cargo, with the tool as rustc wrapper.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::caller_env;
use crate::capture::{Capture, write_json};
use crate::cargo::cargo;
use crate::local_crate::{LocalCrate, is_of_std};
use crate::messages;
use crate::plan::{Built, Plan};
use crate::refusal::Exit;
use crate::roles::{CALLER_ENV, ROLE, Role, STATE, WORKSPACE_WRAPPER, WRAPPER};
use crate::runnable::Runnable;
use crate::rustc_args::UnitKey;
use crate::scratch_dir::ScratchDir;
use crate::settings::wrappers;
use crate::unit_graph::OWN_PACKAGES;

impl Plan {
    /// Builds the program.
    ///
    /// # Errors
    ///
    /// [`Exit`] with cargo's exit code where cargo has explained the failure.
    pub(crate) fn build(&self) -> Result<Built> {
        let started = SystemTime::now();
        let target = [
            format!("--{}", self.runnable.kind.as_str()),
            self.runnable.name.clone(),
        ];
        let flags = self.selection.build_flags();
        let args: Vec<OsString> = flags.into_iter().chain(target.map(OsString::from)).collect();
        let executable = |artifacts: &[Artifact]| {
            let mut built = artifacts.iter().rev();
            let built = built.find(|artifact| artifact.target.is(&self.runnable));
            built.and_then(|artifact| artifact.executable.clone())
        };
        let (artifacts, local) = self.build_recorded("build", &args, |artifacts| {
            executable(artifacts).is_none_or(|executable| self.base_of(&executable).is_ok())
        })?;
        let executable = executable(&artifacts)
            .with_context(|| format!("cargo built no executable for `{}`", self.runnable.name))?;
        let base = self.base_of(&executable)?;
        write_json(&self.last(), &executable)?;
        Ok(Built {
            executable,
            base,
            started,
            local: Some(local),
        })
    }

    /// Lets cargo build, with the tool as rustc wrapper, until there are records of everything: `is_recorded` says so of
    /// what was linked. Returns what was linked, and the crates of this machine.
    ///
    /// # Errors
    ///
    /// [`Exit`] with cargo's exit code where cargo has explained the failure.
    pub(crate) fn build_recorded(
        &self,
        command: &str,
        args: &[OsString],
        is_recorded: impl Fn(&[Artifact]) -> bool,
    ) -> Result<(Vec<Artifact>, Vec<LocalCrate>)> {
        let (mut artifacts, mut local) = self.run_cargo(command, args, Wrappers::All)?;
        // Cargo may find something fresh while its records are gone: only a new build brings them back. Where that does
        // not, a wrapper has answered from a cache.
        for wrappers in [Wrappers::All, Wrappers::OfWorkspace] {
            if is_recorded(&artifacts) && self.all_recorded(&local) {
                break;
            }
            self.forget(&local)?;
            (artifacts, local) = self.run_cargo(command, args, wrappers)?;
        }
        Ok((artifacts, local))
    }

    /// Whether the compilations of all crates that can be edited are recorded.
    fn all_recorded(&self, local: &[LocalCrate]) -> bool {
        let missing =
            |found: &&LocalCrate| found.key().is_some_and(|key| !Capture::exists(&self.state, &key));
        !local
            .iter()
            .filter(missing)
            .any(|found| self.can_be_edited(found))
    }

    fn can_be_edited(&self, found: &LocalCrate) -> bool {
        // With this flag, the wrapper takes the crates outside of the workspace for those of others.
        let blurred = self.flags.values("--cap-lints").next().is_some();
        self.project.manifests().contains(&found.manifest)
            || !blurred && !OWN_PACKAGES.contains(&&*found.package())
    }

    fn run_cargo(
        &self,
        command: &str,
        args: &[OsString],
        wrappers: Wrappers,
    ) -> Result<(Vec<Artifact>, Vec<LocalCrate>)> {
        // A folder of a session: when the build is interrupted, the next start removes it.
        let scratch = ScratchDir::new(&self.state.sessions())?;
        let caller = scratch.path().join("caller-env.json");
        let env = self.project.toolchain().environment(&self.env);
        let (outer, inner) = wrappers::configured(&env, &self.config);
        let stand_in = self.state.rustc_stand_in(self.mark().through(inner.as_deref()))?;
        let mut cargo = cargo(&env);
        caller_env::save(&caller, &caller_env::utf8(env))?;
        cargo
            .arg(command)
            .args(args)
            .arg("--target-dir")
            .arg(&self.target_dir)
            .arg(match messages::wanted() {
                Some(_) => "--message-format=json",
                None => "--message-format=json-render-diagnostics",
            })
            // A shared `build.build-dir` would mix these artifacts with those of plain builds.
            .env("CARGO_BUILD_BUILD_DIR", &self.target_dir)
            .env("RUSTC_WRAPPER", &stand_in)
            .env("RUSTC_WORKSPACE_WRAPPER", &stand_in)
            .env(ROLE, Role::RustcWrapper.as_str())
            .env(STATE, self.state.path())
            .env(CALLER_ENV, caller)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let (outer, inner) = (outer.filter(|_| wrappers == Wrappers::All), inner);
        for (name, wrapper) in [(WRAPPER, outer), (WORKSPACE_WRAPPER, inner)] {
            if let Some(wrapper) = wrapper {
                cargo.env(name, wrapper);
            }
        }
        let mut child = cargo.spawn().context("cannot run cargo")?;
        let stdout = BufReader::new(child.stdout.take().context("cargo has no standard output")?);
        let mut linked = Vec::new();
        let mut local = Vec::new();
        for line in stdout.lines().map_while(Result::ok) {
            if messages::wanted().is_some() {
                messages::pass_on(&line);
            }
            let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_str(&line) else {
                continue;
            };
            local.extend(artifact.local());
            if artifact.executable.is_some() {
                linked.push(artifact);
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
        Ok((linked, local))
    }

    /// Makes cargo compile these crates again.
    fn forget(&self, local: &[LocalCrate]) -> Result<()> {
        let mut cargo = cargo(&self.project.toolchain().environment(&self.env));
        cargo
            .arg("clean")
            .args(self.selection.manifest_flags())
            .arg("--quiet")
            .arg("--target-dir")
            .arg(&self.target_dir);
        cargo
            .args(["--profile", self.selection.profile_name()])
            .env("CARGO_BUILD_BUILD_DIR", &self.target_dir);
        if let Some(target) = &self.selection.target {
            cargo.args(["--target", target]);
        }
        let forgotten = local.iter().filter(|found| self.can_be_edited(found));
        let packages: BTreeSet<_> = forgotten.map(|found| &found.package_id).collect();
        for package in packages {
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

/// Which wrappers of the user have a say in how crates that can be edited are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrappers {
    All,
    /// Not `RUSTC_WRAPPER`.
    OfWorkspace,
}

/// What cargo reports on its standard output.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

/// Something that cargo built, or found built.
#[derive(Deserialize)]
pub(crate) struct Artifact {
    package_id: String,
    manifest_path: PathBuf,
    pub(crate) target: ArtifactTarget,
    #[serde(default)]
    pub(crate) profile: ArtifactProfile,
    filenames: Vec<PathBuf>,
    pub(crate) executable: Option<PathBuf>,
}

/// How it was built.
#[derive(Default, Deserialize)]
pub(crate) struct ArtifactProfile {
    /// For tests.
    pub(crate) test: bool,
}

impl Artifact {
    /// The crate, if it is one of this machine and not of a registry.
    fn local(&self) -> Option<LocalCrate> {
        let is_local = self.package_id.starts_with("path+") && !is_of_std(&self.manifest_path);
        let mut libraries = self.filenames.iter().map(|file| where_compiled(file));
        is_local.then(|| LocalCrate {
            package_id: self.package_id.clone(),
            manifest: self.manifest_path.clone(),
            root: self.target.src_path.clone(),
            library: libraries.find(|file| UnitKey::of_library(file).is_some()),
        })
    }
}

/// Cargo tells of some libraries where it has put them for the user: one folder above the one they were compiled into.
fn where_compiled(file: &Path) -> PathBuf {
    let folder = file.parent().map(|folder| folder.join("deps"));
    let compiled = folder
        .zip(file.file_name())
        .map(|(folder, name)| folder.join(name));
    compiled
        .filter(|compiled| compiled.exists())
        .unwrap_or_else(|| file.to_owned())
}

/// What cargo built it from.
#[derive(Deserialize)]
pub(crate) struct ArtifactTarget {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    pub(crate) src_path: PathBuf,
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
