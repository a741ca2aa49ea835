//! The workspace crates of a program and how they depend on each other.
//!
//! Invariant: [`UnitGraph::stale`] gives units in an order in which each comes after everything it depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use crate::build_tools::{self, BuildTool};
use crate::capture::{Capture, UnitKind};
use crate::owed::Matter;
use crate::rustc_args::UnitKey;

/// The crates whose edits change the runtime inside the program instead of the program.
pub(crate) const OWN_PACKAGES: [&str; 4] =
    ["hotpatch", "hotpatch-abi", "hotpatch-macros", "hotpatch-runtime"];

/// The graph.
#[derive(Debug)]
pub(crate) struct UnitGraph {
    units: BTreeMap<UnitKey, Capture>,
    tools: Vec<BuildTool>,
    own: BTreeMap<UnitKey, Capture>,
    /// Dependencies first.
    order: Vec<UnitKey>,
}

impl UnitGraph {
    /// The graph of the program that was linked from `linked`, out of all recorded compilations.
    pub(crate) fn new(captures: BTreeMap<UnitKey, Capture>, linked: &BTreeSet<UnitKey>) -> Result<Self> {
        let mut units = BTreeMap::new();
        let mut own = BTreeMap::new();
        for key in linked {
            let capture = captures.get(key).cloned();
            let capture =
                capture.ok_or_else(|| anyhow!("the compilation of `{}` is not recorded", key.as_str()))?;
            let is_own = capture.kind == UnitKind::Library && OWN_PACKAGES.contains(&capture.package());
            if is_own { &mut own } else { &mut units }.insert(key.clone(), capture);
        }
        let tools = build_tools::of(&units, &captures);
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

    /// Proc macros and build scripts, as far as they belong to the workspace.
    pub(crate) fn tools(&self) -> impl Iterator<Item = &BuildTool> {
        self.tools.iter()
    }

    /// The crate of a proc macro or of a build script.
    pub(crate) fn tool(&self, key: &UnitKey) -> Option<&Capture> {
        self.tools().map(BuildTool::unit).find(|unit| unit.key == *key)
    }

    /// The folders of the packages that the program and what builds it are made of.
    pub(crate) fn folders(&self) -> BTreeSet<PathBuf> {
        let tools = self.tools().flat_map(BuildTool::parts);
        let all = self.units.values().chain(self.own()).chain(tools);
        all.filter_map(|unit| unit.manifest_dir().map(Path::to_owned))
            .collect()
    }

    /// The compiler.
    pub(crate) fn rustc(&self) -> &Path {
        self.units
            .values()
            .next()
            .map_or(Path::new("rustc"), |unit| &unit.rustc)
    }

    /// The units that would be compiled in another way after a change.
    pub(crate) fn concerned(&self, matter: &Matter) -> BTreeSet<UnitKey> {
        let direct = |concerns: &dyn Fn(&Capture) -> bool| -> BTreeSet<UnitKey> {
            let found: BTreeSet<_> = self
                .units
                .values()
                .filter(|unit| concerns(unit))
                .map(|unit| unit.key.clone())
                .collect();
            // What is not used directly is used through crates that are not recorded.
            if found.is_empty() {
                self.units.keys().cloned().collect()
            } else {
                found
            }
        };
        let changed = match matter {
            // The program keeps the runtime that it has.
            Matter::Own => BTreeSet::new(),
            Matter::ProcMacro(key) | Matter::Outside(_, key) => {
                direct(&|unit| dependencies(unit).any(|dependency| dependency == *key))
            }
            Matter::BuildScript(folder) | Matter::BuildScriptInput(folder) => {
                direct(&|unit| unit.manifest_dir() == Some(folder))
            }
            _ => self.units.keys().cloned().collect(),
        };
        self.stale(&changed).into_iter().collect()
    }

    /// The crates of this project itself.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Capture> {
        self.own.values()
    }

    /// The units that name this one as their dependency.
    pub(crate) fn dependents(&self, key: &UnitKey) -> BTreeSet<UnitKey> {
        let depends = |unit: &&Capture| dependencies(unit).any(|dependency| dependency == *key);
        let found = self.units.values().filter(depends);
        found.map(|unit| unit.key.clone()).collect()
    }

    /// The changed units and all that depend on them, dependencies first.
    ///
    /// Everything above a unit that looks different is compiled again because rustc refuses a library that was compiled
    /// against another version of its dependency.
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
pub(crate) fn dependencies(capture: &Capture) -> impl Iterator<Item = UnitKey> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rustc_args::RustcArgs;

    fn capture(kind: UnitKind, name: &str, dependencies: &[&str]) -> Capture {
        let mut args = RustcArgs::new(vec!["--crate-name".into(), name.into()]);
        args.extend(["--out-dir", "/t"]);
        for dependency in dependencies {
            args.extend(["--extern", &format!("{dependency}=/t/lib{dependency}.rmeta")]);
        }
        Capture {
            key: args.key(),
            kind,
            rustc: "rustc".into(),
            wrapper: None,
            args,
            env: [("CARGO_PKG_NAME".into(), name.into())].into(),
            added: Vec::new(),
            cwd: "/w".into(),
        }
    }

    /// bin -> game -> world -> math, game -> derive (proc macro) -> parse and math, bin -> hotpatch.
    fn graph() -> UnitGraph {
        let captures = [
            capture(UnitKind::Program, "bin", &["game", "hotpatch"]),
            capture(UnitKind::Library, "game", &["world", "derive"]),
            capture(UnitKind::Library, "world", &["math"]),
            capture(UnitKind::Library, "math", &[]),
            capture(UnitKind::Library, "hotpatch", &[]),
            capture(UnitKind::ProcMacro, "derive", &["parse", "math"]),
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
            .map(|name| captures.keys().find(|key| key.stem() == name).unwrap().clone());
        UnitGraph::new(captures.clone(), &linked.collect()).unwrap()
    }

    fn check(changed: &[&str], expected: &[&str]) {
        let graph = graph();
        let changed = graph
            .units
            .keys()
            .filter(|key| changed.contains(&key.stem()))
            .cloned()
            .collect();
        let stale = graph.stale(&changed);
        assert_eq!(stale.iter().map(UnitKey::stem).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn dependents_are_those_that_name_it() {
        let graph = graph();
        let world = graph.units.keys().find(|key| key.stem() == "world").unwrap();
        let dependents = graph.dependents(world);
        assert_eq!(dependents.iter().map(UnitKey::stem).collect::<Vec<_>>(), ["game"]);
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
        let tools = graph.tools().flat_map(BuildTool::parts);
        // A library may be part of a proc macro and of the program.
        assert_eq!(
            tools.map(|unit| unit.key.stem()).collect::<Vec<_>>(),
            ["derive", "math", "parse"]
        );
        assert_eq!(
            graph.own().map(|unit| unit.key.stem()).collect::<Vec<_>>(),
            ["hotpatch"]
        );
        assert_eq!(graph.units().len(), 4);
    }

    #[test]
    fn a_proc_macro_concerns_the_crates_that_use_it_and_those_above() {
        let graph = graph();
        let concerned = |matter: &Matter| {
            let units = graph.concerned(matter);
            units.iter().map(|key| key.stem().to_owned()).collect::<Vec<_>>()
        };
        let derive = graph.tools().next().unwrap().unit().key.clone();
        assert_eq!(concerned(&Matter::ProcMacro(derive)), ["bin", "game"]);
        assert_eq!(concerned(&Matter::Manifest), ["bin", "game", "math", "world"]);
        assert!(concerned(&Matter::Own).is_empty());
    }
}
