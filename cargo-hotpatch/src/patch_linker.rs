//! The linker for patches: the lld of the user's toolchain where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::obstacle::TARGET;
use crate::plan::Plan;
use crate::unit_graph::UnitGraph;

/// The toolchain that a program was built with.
///
/// # Errors
///
/// The compiler cannot be asked.
pub(crate) fn sysroot(plan: &Plan, graph: &UnitGraph) -> Result<PathBuf> {
    let rustc = graph.rustc();
    sysroot_beside(rustc).map_or_else(|| ask_for_sysroot(rustc, plan), Ok)
}

/// Finds the linker for the patches of a program.
///
/// # Errors
///
/// There is none.
pub(crate) fn find(sysroot: &Path) -> Result<PathBuf> {
    in_sysroot(sysroot)
        .or_else(|| on_path("ld.lld"))
        .or_else(|| on_path("ld"))
        .context("no linker for patches: neither the toolchain's `ld.lld` nor one on the PATH")
}

/// The lld that comes with a toolchain.
pub(crate) fn in_sysroot(sysroot: &Path) -> Option<PathBuf> {
    let lld = sysroot.join("lib/rustlib").join(TARGET).join("bin/gcc-ld/ld.lld");
    lld.exists().then_some(lld)
}

/// A program on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}

/// The file of a program that is named by a path, or looked for on the PATH.
pub(crate) fn located(program: &Path) -> Option<PathBuf> {
    match program.to_str() {
        Some(name) if program.components().count() == 1 => on_path(name),
        _ => Some(program.to_owned()),
    }
}

/// The sysroot of a rustc that lies in it; a rustup proxy does not.
fn sysroot_beside(rustc: &Path) -> Option<PathBuf> {
    let sysroot = rustc.parent()?.parent()?;
    sysroot.join("lib/rustlib").is_dir().then(|| sysroot.to_owned())
}

pub(crate) fn ask_for_sysroot(rustc: &Path, plan: &Plan) -> Result<PathBuf> {
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .env_clear()
        .envs(&plan.env)
        .output();
    let output = output.with_context(|| format!("cannot run `{}`", rustc.display()))?;
    if !output.status.success() {
        bail!("`{} --print sysroot` failed", rustc.display());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().into())
}
