//! The build of the tests by the user's own cargo.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use super::binary::TestBinary;
use super::libtest_args::LibtestArgs;
use super::selection::TestSelection;
use crate::base::Base;
use crate::capture::Capture;
use crate::cargo_build::Artifact;
use crate::local_crate::LocalCrate;
use crate::plan::Plan;

/// What was built.
#[derive(Debug)]
pub(crate) struct BuiltTests {
    /// In the order in which `cargo test` runs them.
    pub(crate) binaries: Vec<TestBinary>,
    /// The programs of the packages, which integration tests may start.
    pub(crate) programs: Vec<(PathBuf, Base)>,
    /// The libraries that have documentation tests, which are not run.
    pub(crate) libraries: usize,
    pub(crate) started: SystemTime,
    pub(crate) local: Vec<LocalCrate>,
}

/// Builds the tests, and asks each binary what tests it has.
///
/// # Errors
///
/// [`Exit`](crate::refusal::Exit) where cargo has explained the failure, or the records of the build cannot be read.
pub(crate) fn build(plan: &Plan, selection: &TestSelection, args: &LibtestArgs) -> Result<BuiltTests> {
    let started = SystemTime::now();
    let mut flags = selection.build_flags();
    flags.push("--no-run".into());
    let (artifacts, local) = plan.build_recorded("test", &flags, |artifacts| {
        let mut executables = artifacts
            .iter()
            .filter_map(|artifact| artifact.executable.as_ref());
        executables.all(|executable| plan.base_of(executable).is_ok())
    })?;
    let (binaries, programs, libraries) = linked(plan, artifacts, args)?;
    Ok(BuiltTests {
        binaries,
        programs,
        libraries,
        started,
        local,
    })
}

type Linked = (Vec<TestBinary>, Vec<(PathBuf, Base)>, usize);

fn linked(plan: &Plan, artifacts: Vec<Artifact>, args: &LibtestArgs) -> Result<Linked> {
    let (mut binaries, mut programs, mut libraries) = (Vec::new(), Vec::new(), 0);
    for artifact in artifacts {
        let Some(executable) = &artifact.executable else {
            continue;
        };
        let base = plan.base_of(executable)?;
        if !artifact.profile.test {
            programs.push((executable.clone(), base));
            continue;
        }
        let unit = unit_of(plan, &base, executable)?;
        libraries += usize::from(artifact.target.kind.iter().any(|kind| kind == "lib"));
        binaries.push(TestBinary::new(
            plan,
            &artifact.target,
            executable,
            base,
            unit,
            args,
        )?);
    }
    binaries.sort_by_cached_key(TestBinary::order);
    Ok((binaries, programs, libraries))
}

fn unit_of(plan: &Plan, base: &Base, executable: &Path) -> Result<Capture> {
    let key = serde_json::from_value(base.record().program.as_str().into())?;
    Capture::load(&plan.state, &key).with_context(|| {
        format!(
            "there is no record of how `{}` was compiled",
            executable.display()
        )
    })
}
