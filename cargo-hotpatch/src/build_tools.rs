//! What runs while a program is built: proc macros and build scripts, with the crates of the workspace that they are
//! made of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::capture::{Capture, UnitKind};
use crate::rustc_args::UnitKey;
use crate::unit_graph::dependencies;

/// A proc macro or a build script.
#[derive(Debug)]
pub(crate) struct BuildTool {
    key: UnitKey,
    /// Itself and all that it is made of. Libraries among them may be part of the program as well.
    parts: BTreeMap<UnitKey, Capture>,
}

impl BuildTool {
    /// Its own crate.
    pub(crate) fn unit(&self) -> &Capture {
        &self.parts[&self.key]
    }

    /// Itself and all that it is made of.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Capture> {
        self.parts.values()
    }

    fn new(root: &Capture, captures: &BTreeMap<UnitKey, Capture>) -> Self {
        let mut parts = BTreeMap::new();
        let mut wanted = vec![root];
        while let Some(capture) = wanted.pop() {
            if parts.insert(capture.key.clone(), capture.clone()).is_none() {
                wanted.extend(dependencies(capture).filter_map(|key| captures.get(&key)));
                wanted.extend(build_script(capture, captures));
            }
        }
        Self {
            key: root.key.clone(),
            parts,
        }
    }
}

/// The tools that the build of `units` runs.
pub(crate) fn of(
    units: &BTreeMap<UnitKey, Capture>,
    captures: &BTreeMap<UnitKey, Capture>,
) -> Vec<BuildTool> {
    let scripts = units.values().filter_map(|unit| build_script(unit, captures));
    let macros = units
        .values()
        .flat_map(dependencies)
        .filter_map(|key| captures.get(&key));
    let macros = macros.filter(|capture| capture.kind == UnitKind::ProcMacro);
    let roots: BTreeSet<_> = scripts.chain(macros).map(|root| &root.key).collect();
    roots
        .into_iter()
        .map(|key| BuildTool::new(&captures[key], captures))
        .collect()
}

/// The build script of a unit's package.
fn build_script<'a>(unit: &Capture, captures: &'a BTreeMap<UnitKey, Capture>) -> Option<&'a Capture> {
    unit.env.get("OUT_DIR")?;
    let folder: &Path = unit.manifest_dir()?;
    captures
        .values()
        .find(|other| other.kind == UnitKind::BuildScript && other.manifest_dir() == Some(folder))
}
