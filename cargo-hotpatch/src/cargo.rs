//! The user's cargo.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::refusal::Exit;
use crate::selection::Selection;

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

/// Asks cargo whether it understands the manifests and the configuration.
///
/// # Errors
///
/// It does not: what it says.
pub(crate) fn understands(selection: &Selection, env: &BTreeMap<OsString, OsString>) -> Result<(), String> {
    let output = cargo(env)
        .args(["metadata", "--no-deps", "--format-version=1"])
        .args(selection.manifest_flags())
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(format!("error: cannot run cargo: {error}\n")),
    }
}

/// A path as cargo shows it: relative where it lies in the current folder.
pub(crate) fn relative(path: &Path) -> PathBuf {
    let cwd = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(cwd).unwrap_or(path).to_owned()
}
