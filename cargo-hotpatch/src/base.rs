//! The record of a linked program: the program itself and the files of the workspace crates it was linked from.
//!
//! Invariant: the folder of a build id appears in one step and its files never change, whatever cargo, rustc or another
//! session do to the files it was made from. A folder that a session uses is never removed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::build_id::BuildId;
use crate::capture::{Capture, write_json};
use crate::hard_link::link_or_copy;
use crate::link_line::{self, Extent};
use crate::rustc_args::UnitKey;
use crate::state_dir::StateDir;

const RECORD: &str = "link.json";
const PROGRAM: &str = "program";
const INPUTS: &str = "inputs.json";
/// How many programs are kept.
const KEPT: usize = 8;
/// A build of tests links one program for each target. The last one of each is kept, as far as these go.
const KEPT_OF_UNITS: usize = 64;

/// A program that the linker role has just linked.
pub(crate) struct LinkedProgram<'a> {
    /// The key of its unit.
    pub(crate) unit: &'a str,
    /// The program, with its symbols.
    pub(crate) image: &'a Path,
    /// The link line as rustc wrote it.
    pub(crate) line: &'a [OsString],
    /// The linker.
    pub(crate) linker: &'a Path,
    /// How much of it could be linked.
    pub(crate) extent: Extent,
}

/// What a program was linked from.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BaseRecord {
    /// The unit of the program.
    pub(crate) program: String,
    /// The files of each unit, by name inside the folder.
    pub(crate) units: BTreeMap<UnitKey, Vec<String>>,
    /// Whether the libraries were linked whole.
    pub(crate) extent: Extent,
    linker: PathBuf,
    line: Vec<String>,
}

impl BaseRecord {
    /// The linker, and the line that rustc gave to it.
    pub(crate) fn linked_by(&self) -> (&Path, &[String]) {
        (&self.linker, &self.line)
    }
}

/// The record of a linked program, kept from removal while this lives.
#[derive(Debug)]
pub(crate) struct Base {
    dir: PathBuf,
    build_id: BuildId,
    record: BaseRecord,
    _in_use: File,
}

impl Base {
    /// The record of the program with this build id, if there is one.
    pub(crate) fn load(state: &StateDir, build_id: BuildId) -> Option<Self> {
        let dir = state.bases().join(build_id.to_string());
        let file = File::open(dir.join(RECORD)).ok()?;
        flock(&file, FlockOperation::LockShared).ok()?;
        let record = read(&dir).ok()?;
        Some(Self {
            dir,
            build_id,
            record,
            _in_use: file,
        })
    }

    /// The program as built.
    pub(crate) fn program(&self) -> PathBuf {
        self.dir.join(PROGRAM)
    }

    /// Its build id.
    pub(crate) fn build_id(&self) -> &BuildId {
        &self.build_id
    }

    /// What it was linked from.
    pub(crate) fn record(&self) -> &BaseRecord {
        &self.record
    }

    /// The files of each unit.
    pub(crate) fn files(&self) -> BTreeMap<UnitKey, Vec<PathBuf>> {
        let absolute = |files: &Vec<String>| files.iter().map(|file| self.dir.join(file)).collect();
        self.record
            .units
            .iter()
            .map(|(key, files)| (key.clone(), absolute(files)))
            .collect()
    }

    /// Where the state of the sources that it was built from is kept.
    pub(crate) fn inputs(&self) -> PathBuf {
        self.dir.join(INPUTS)
    }
}

/// Records a program.
pub(crate) fn record(state: &StateDir, program: &LinkedProgram<'_>) -> Result<()> {
    let bases = state.bases();
    std::fs::create_dir_all(&bases).with_context(|| format!("cannot make `{}`", bases.display()))?;
    let dir = bases.join(BuildId::of(program.image)?.to_string());
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(&bases)?;
    let record =
        fill(state, program, new.path()).with_context(|| format!("cannot record `{}`", dir.display()))?;
    if let Ok(old) = read(&dir) {
        // The same program again, maybe from other sources: a session may use the folder, so only what it does not
        // need is renewed.
        if old.program == record.program && old.units == record.units {
            let _ = std::fs::remove_file(dir.join(INPUTS));
            return Ok(());
        }
    }
    if dir.exists() {
        let old = tempfile::Builder::new().prefix(".old-").tempdir_in(&bases)?;
        std::fs::rename(&dir, old.path().join("base"))?;
    }
    std::fs::rename(new.keep(), &dir)?;
    prune(&bases, &dir)
}

fn read(dir: &Path) -> Result<BaseRecord> {
    Ok(serde_json::from_slice(&std::fs::read(dir.join(RECORD))?)?)
}

fn fill(state: &StateDir, program: &LinkedProgram<'_>, dir: &Path) -> Result<BaseRecord> {
    // A copy: `strip` writes into the file that it is given.
    std::fs::copy(program.image, dir.join(PROGRAM))?;
    let keep = |path: &Path| -> Result<String> {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .context("a file name that is not UTF-8")?;
        link_or_copy(path, &dir.join(name))?;
        Ok(name.to_owned())
    };
    let mut units = BTreeMap::new();
    let objects = link_line::objects(program.line)
        .map(keep)
        .collect::<Result<Vec<_>>>()?;
    let key = serde_json::from_value(program.unit.into())?;
    units.insert(key, objects);
    for rlib in link_line::rlibs(program.line) {
        if let Some(key) = UnitKey::of_library(rlib)
            && Capture::exists(state, &key)
        {
            units.insert(key, vec![keep(rlib)?]);
        }
    }
    let line = program
        .line
        .iter()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let linker = program.linker.to_owned();
    let record = BaseRecord {
        program: program.unit.to_owned(),
        units,
        extent: program.extent,
        linker,
        line,
    };
    write_json(&dir.join(RECORD), &record)?;
    Ok(record)
}

/// Removes the oldest records.
fn prune(bases: &Path, newest: &Path) -> Result<()> {
    let mut dirs: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(bases)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path != newest)
        .filter_map(|path| Some((path.join(RECORD).metadata().ok()?.modified().ok()?, path)))
        .collect();
    dirs.sort();
    dirs.reverse();
    let mut units = BTreeSet::new();
    units.extend(read(newest).ok().map(|record| record.program));
    for (index, (_, dir)) in dirs.iter().enumerate() {
        let is_last_of_unit = read(dir).is_ok_and(|record| units.insert(record.program));
        if index < KEPT - 1 || (is_last_of_unit && index < KEPT_OF_UNITS) {
            continue;
        }
        let unused = File::open(dir.join(RECORD))
            .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok());
        if unused {
            let _ = std::fs::remove_dir_all(dir);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_in_use_outlives_newer_ones() {
        let bases = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let dir = bases.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            std::fs::write(dir.join(RECORD), "{}").unwrap();
            dir
        };
        let used = make("a-used");
        let file = File::open(used.join(RECORD)).unwrap();
        flock(&file, FlockOperation::LockShared).unwrap();
        let dirs: Vec<_> = (0..KEPT + 3)
            .map(|index| make(&format!("base-{index:02}")))
            .collect();
        prune(bases.path(), dirs.last().unwrap()).unwrap();
        assert!(used.exists());
        assert_eq!(dirs.iter().filter(|dir| dir.exists()).count(), KEPT);
    }
}
