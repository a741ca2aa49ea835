//! A test binary linked again from the objects as they are now, as it was linked in the build.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::bench::TestBench;
use crate::base::Base;
use crate::link_line::{self, Extent};
use crate::response_file;
use crate::rustc_args::UnitKey;

/// Between the name of a binary and the session that has linked it.
const OWN: &str = "-hotpatch-";

/// Links into `output`, which others see whole or not at all.
///
/// # Errors
///
/// The linker failed, or the line of the build cannot be used again.
pub(super) fn relink(bench: &TestBench, base: &Base, output: &Path) -> Result<()> {
    let record = base.record();
    if record.extent != Extent::WholeLibraries {
        // What rustc named to the linker as used lay in a file of the build that is gone.
        bail!("the libraries were not linked whole");
    }
    let (linker, line) = record.linked_by();
    let partial = output.with_extension("partial");
    let line = link_line::rewritten(&current(bench, base, line), linker, record.extent);
    let line = link_line::redirected(line, &partial);
    let list = output.with_extension("link-line");
    let line = response_file::shorten(line, &list).context("cannot write the link line")?;
    let linked = Command::new(linker)
        .args(line)
        .env_clear()
        .envs(&bench.plan().env)
        .stdin(Stdio::null())
        .output();
    let _ = std::fs::remove_file(&list);
    let linked = linked.with_context(|| format!("cannot run the linker `{}`", linker.display()))?;
    if !linked.status.success() {
        let _ = std::fs::remove_file(&partial);
        bail!(
            "the linker failed: {}",
            String::from_utf8_lossy(&linked.stderr).trim()
        );
    }
    std::fs::rename(&partial, output).with_context(|| format!("cannot write `{}`", output.display()))
}

/// Removes what sessions that were killed have linked.
pub(super) fn sweep(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let name = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        let pid = name.rsplit_once(OWN).and_then(|(_, pid)| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !crate::control_dir::is_alive(pid)) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The name of a link of this session.
pub(super) fn name(program: &str) -> String {
    format!("{program}{OWN}{}", std::process::id())
}

/// The line with the objects of the workspace crates as they are now.
fn current(bench: &TestBench, base: &Base, line: &[String]) -> Vec<OsString> {
    let own = bench.units_of(base);
    let objects = |key: &str| own.iter().find(|unit| unit.key == key).map(|unit| &unit.objects);
    let mut placed = false;
    let mut now = Vec::new();
    for arg in line {
        let path = Path::new(arg);
        let is_object = path.extension() == Some(OsStr::new("o"));
        if is_object && arg.starts_with(crate::out_dir::NAME) {
            // The place of the first is that of all; a list of used symbols, which came before, is not needed where
            // libraries are linked whole.
            if !std::mem::replace(&mut placed, true) {
                let program = objects(&base.record().program);
                now.extend(program.into_iter().flatten().map(OsString::from));
            }
            continue;
        }
        let library = UnitKey::of_library(path).filter(|_| arg.ends_with(".rlib"));
        match library.and_then(|key| objects(key.as_str())) {
            Some(files) => now.extend(files.iter().map(OsString::from)),
            None => now.push(arg.into()),
        }
    }
    now
}
