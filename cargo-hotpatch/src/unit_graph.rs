//! The workspace crates of a program and how they depend on each other.
//!
//! Invariant: [`UnitGraph::stale`] gives units in an order in which each comes after everything it depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, anyhow};

use crate::capture::{Capture, UnitKind};
use crate::rustc_args::UnitKey;

/// The crates whose edits change the runtime inside the program instead of the program.
const OWN_PACKAGES: [&str; 4] = ["hotpatch", "hotpatch-abi", "hotpatch-macros", "hotpatch-runtime"];

/// The graph.
#[derive(Debug)]
pub(crate) struct UnitGraph {
    units: BTreeMap<UnitKey, Capture>,
    tools: BTreeMap<UnitKey, Capture>,
    own: BTreeMap<UnitKey, Capture>,
    /// Dependencies first.
    order: Vec<UnitKey>,
}

impl UnitGraph {
    /// The graph of the program that was linked from `linked`, out of all recorded compilations.
    pub(crate) fn new(mut captures: BTreeMap<UnitKey, Capture>, linked: &BTreeSet<UnitKey>) -> Result<Self> {
        let mut units = BTreeMap::new();
        let mut own = BTreeMap::new();
        for key in linked {
            let capture = captures.remove(key);
            let capture =
                capture.ok_or_else(|| anyhow!("the compilation of `{}` is not recorded", key.as_str()))?;
            let is_own = capture.kind == UnitKind::Library && OWN_PACKAGES.contains(&capture.package());
            if is_own { &mut own } else { &mut units }.insert(key.clone(), capture);
        }
        let tools = build_tools(&units, captures);
        let order = ordered(&units);
        Ok(Self {
            units,
            tools,
            own,
            order,
        })
    }

    /// The units that can be compiled again for a patch.
    pub(crate) fn units(&self) -> &BTreeMap<UnitKey, Capture> {
        &self.units
    }

    /// Proc macros, build scripts and what they are made of, as far as they belong to the workspace.
    pub(crate) fn tools(&self) -> impl Iterator<Item = &Capture> {
        self.tools.values()
    }

    /// The crates of this project itself.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Capture> {
        self.own.values()
    }

    /// The changed units and all that depend on them, dependencies first.
    ///
    /// Everything above a changed unit is compiled again because rustc refuses a library that was compiled against
    /// another version of its dependency.
    pub(crate) fn stale(&self, changed: &BTreeSet<UnitKey>) -> Vec<UnitKey> {
        let mut stale = changed.clone();
        for key in &self.order {
            if dependencies(&self.units[key]).any(|dependency| stale.contains(&dependency)) {
                stale.insert(key.clone());
            }
        }
        self.order
            .iter()
            .filter(|key| stale.contains(*key))
            .cloned()
            .collect()
    }
}

/// The units that a compilation names as its dependencies.
fn dependencies(capture: &Capture) -> impl Iterator<Item = UnitKey> {
    capture.args.extern_files().filter_map(UnitKey::of_library)
}

fn ordered(units: &BTreeMap<UnitKey, Capture>) -> Vec<UnitKey> {
    fn visit(units: &BTreeMap<UnitKey, Capture>, key: &UnitKey, order: &mut Vec<UnitKey>) {
        let Some(capture) = units.get(key) else { return };
        if order.contains(key) {
            return;
        }
        for dependency in dependencies(capture) {
            visit(units, &dependency, order);
        }
        order.push(key.clone());
    }
    let mut order = Vec::with_capacity(units.len());
    for key in units.keys() {
        visit(units, key, &mut order);
    }
    order
}

/// What runs during the build of `units`: their proc macros, their build scripts, and the libraries of both.
fn build_tools(
    units: &BTreeMap<UnitKey, Capture>,
    mut others: BTreeMap<UnitKey, Capture>,
) -> BTreeMap<UnitKey, Capture> {
    let with_build_script: BTreeSet<&Path> = units
        .values()
        .filter(|unit| unit.env.contains_key("OUT_DIR"))
        .filter_map(Capture::manifest_dir)
        .collect();
    let is_wanted_script = |unit: &Capture| {
        unit.kind == UnitKind::BuildScript
            && unit
                .manifest_dir()
                .is_some_and(|manifest_dir| with_build_script.contains(manifest_dir))
    };
    let scripts = others
        .values()
        .filter(|unit| is_wanted_script(unit))
        .map(|unit| unit.key.clone());
    let mut wanted: Vec<UnitKey> = units.values().flat_map(dependencies).chain(scripts).collect();
    let mut tools = BTreeMap::new();
    while let Some(key) = wanted.pop() {
        if let Some(capture) = others.remove(&key) {
            wanted.extend(dependencies(&capture));
            tools.insert(key, capture);
        }
    }
    tools
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rustc_args::RustcArgs;

    fn capture(kind: UnitKind, name: &str, dependencies: &[&str]) -> Capture {
        let mut args = RustcArgs::new(vec!["--crate-name".into(), name.into()]);
        for dependency in dependencies {
            args.extend(["--extern", &format!("{dependency}=/t/lib{dependency}.rmeta")]);
        }
        Capture {
            key: args.key(),
            kind,
            rustc: "rustc".into(),
            args,
            env: [("CARGO_PKG_NAME".into(), name.into())].into(),
            added: Vec::new(),
            cwd: "/w".into(),
        }
    }

    /// bin -> game -> world -> math, bin -> derive (proc macro) -> parse, bin -> hotpatch.
    fn graph() -> UnitGraph {
        let captures = [
            capture(UnitKind::Program, "bin", &["game", "derive", "hotpatch"]),
            capture(UnitKind::Library, "game", &["world"]),
            capture(UnitKind::Library, "world", &["math"]),
            capture(UnitKind::Library, "math", &[]),
            capture(UnitKind::Library, "hotpatch", &[]),
            capture(UnitKind::ProcMacro, "derive", &["parse"]),
            capture(UnitKind::Library, "parse", &[]),
            capture(UnitKind::Library, "unrelated", &[]),
        ];
        let captures: BTreeMap<_, _> = captures
            .into_iter()
            .map(|unit| (unit.key.clone(), unit))
            .collect();
        let linked = ["bin", "game", "world", "math", "hotpatch"];
        let linked = linked
            .into_iter()
            .map(|name| captures.keys().find(|key| key.as_str() == name).unwrap().clone());
        UnitGraph::new(captures.clone(), &linked.collect()).unwrap()
    }

    fn check(changed: &[&str], expected: &[&str]) {
        let graph = graph();
        let changed = graph
            .units
            .keys()
            .filter(|key| changed.contains(&key.as_str()))
            .cloned()
            .collect();
        let stale = graph.stale(&changed);
        assert_eq!(stale.iter().map(UnitKey::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn dependents_follow_in_order() {
        check(&["bin"], &["bin"]);
        check(&["world"], &["world", "game", "bin"]);
        check(&["game", "math"], &["math", "world", "game", "bin"]);
        check(&[], &[]);
    }

    #[test]
    fn tools_and_own_crates_are_no_units() {
        let graph = graph();
        assert_eq!(
            graph.tools().map(|unit| unit.key.as_str()).collect::<Vec<_>>(),
            ["derive", "parse"]
        );
        assert_eq!(
            graph.own().map(|unit| unit.key.as_str()).collect::<Vec<_>>(),
            ["hotpatch"]
        );
        assert_eq!(graph.units().len(), 4);
    }
}
