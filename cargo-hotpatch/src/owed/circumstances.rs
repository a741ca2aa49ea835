//! What decides about a build and stands in no file: the flags and the variables that the tool was started with.
//!
//! They cannot change within a session. A patch that is made later may be asked for under others.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::build_script;
use crate::caller_env::set_by_cargo;
use crate::dep_info;
use crate::patch_linker;
use crate::plan::Plan;
use crate::unit_graph::UnitGraph;

const TOOLCHAIN: &str = "RUSTUP_TOOLCHAIN";

/// The circumstances of a build.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Circumstances {
    flags: Vec<String>,
    variables: BTreeMap<String, Option<String>>,
    sysroot: PathBuf,
}

impl Circumstances {
    /// The circumstances under which a program is built now.
    pub(crate) fn of(plan: &Plan, graph: &UnitGraph, sysroot: &Path) -> Self {
        let names = read_by_sources(graph).into_iter().chain(read_by_cargo(plan));
        let variables = names.map(|name| {
            let value = value(plan, &name);
            (name, value)
        });
        Self {
            flags: flags(plan),
            variables: variables.collect(),
            sysroot: sysroot.to_owned(),
        }
    }

    /// What is different now, in words that name both sides.
    pub(crate) fn differences(&self, plan: &Plan) -> Vec<String> {
        let mut found = Vec::new();
        let now = flags(plan);
        if now != self.flags {
            let shown = |flags: &[String]| match flags {
                [] => "no flags".to_owned(),
                flags => format!("`{}`", flags.join(" ")),
            };
            found.push(format!("{} -> {}", shown(&self.flags), shown(&now)));
        }
        let new = read_by_cargo(plan).filter(|name| !self.variables.contains_key(name));
        for name in self.variables.keys().cloned().chain(new) {
            let before = self.variables.get(&name).cloned().flatten();
            let now = value(plan, &name);
            if before != now && !(name == TOOLCHAIN && self.is_same_toolchain(plan)) {
                found.push(words(&name, before.as_deref(), now.as_deref(), plan));
            }
        }
        found
    }

    /// A toolchain may be named in the environment or chosen by files.
    fn is_same_toolchain(&self, plan: &Plan) -> bool {
        let rustc = value(plan, "RUSTC").unwrap_or("rustc".into());
        patch_linker::ask_for_sysroot(Path::new(&rustc), plan).is_ok_and(|sysroot| sysroot == self.sysroot)
    }
}

fn words(name: &str, before: Option<&str>, now: Option<&str>, plan: &Plan) -> String {
    let shown = |value: Option<&str>| value.map_or("unset".to_owned(), |value| format!("`{value}`"));
    if is_read_by_cargo(name, plan.selection.profile_name()) {
        format!("variable `{name}`: {} -> {}", shown(before), shown(now))
    } else {
        // A variable that only the sources read may hold a secret.
        format!("variable `{name}`, which the sources or a build script read, has another value")
    }
}

fn value(plan: &Plan, name: &str) -> Option<String> {
    let value = plan.env.get(OsStr::new(name))?;
    Some(value.to_string_lossy().into_owned())
}

fn flags(plan: &Plan) -> Vec<String> {
    let selection = &plan.selection;
    let target = selection
        .target
        .iter()
        .map(|target| format!("--target={target}").into());
    let flags = selection
        .feature_flags()
        .into_iter()
        .chain(selection.configuration_flags());
    flags
        .chain(target)
        .map(|flag| flag.to_string_lossy().into_owned())
        .collect()
}

/// The variables that the sources name in `env!` and that the build scripts name to cargo.
fn read_by_sources(graph: &UnitGraph) -> BTreeSet<String> {
    let crates = graph
        .units()
        .values()
        .chain(graph.tools().flat_map(|tool| tool.parts()));
    let texts = crates.filter_map(|unit| std::fs::read_to_string(unit.dep_info()?).ok());
    let mut names: BTreeSet<String> = texts
        .flat_map(|text| dep_info::variables(&text).map(String::from).collect::<Vec<_>>())
        .collect();
    names.extend(graph.units().values().flat_map(build_script::variables));
    names.retain(|name| name != "CARGO" && !set_by_cargo(name));
    names
}

/// The variables that are set now and from which cargo takes settings.
fn read_by_cargo(plan: &Plan) -> impl Iterator<Item = String> {
    let names = plan.env.keys().filter_map(|name| name.to_str());
    let profile = plan.selection.profile_name();
    names
        .filter(move |name| is_read_by_cargo(name, profile))
        .map(String::from)
}

fn is_read_by_cargo(name: &str, profile: &str) -> bool {
    const NAMES: [&str; 7] = [
        "RUSTFLAGS",
        "RUSTC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_BOOTSTRAP",
        TOOLCHAIN,
        "CARGO_ENCODED_RUSTFLAGS",
    ];
    const PREFIXES: [&str; 5] = [
        "CARGO_BUILD_",
        "CARGO_TARGET_",
        "CARGO_PROFILE_",
        "CARGO_UNSTABLE_",
        "CARGO_RESOLVER_",
    ];
    const NO_MATTER: [&str; 6] = [
        "CARGO_BUILD_BUILD_DIR",
        "CARGO_BUILD_JOBS",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_BUILD_WARNINGS",
        "CARGO_TARGET_DIR",
        "CARGO_TARGET_TMPDIR",
    ];
    let no_matter = NO_MATTER.contains(&name)
        || ["_RUNNER", "_RUSTDOCFLAGS", "_RUSTDOC"]
            .iter()
            .any(|end| name.ends_with(end))
        || name
            .strip_prefix("CARGO_PROFILE_")
            .is_some_and(|rest| is_of_other_profile(rest, profile));
    !no_matter && (NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

/// A profile that is not built in may inherit from any other.
fn is_of_other_profile(variable: &str, profile: &str) -> bool {
    ["dev", "release"].contains(&profile) && !variable.starts_with(&format!("{}_", profile.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_that_decide_about_the_build_count() {
        let check =
            |name: &str, expected: bool| assert_eq!(is_read_by_cargo(name, "dev"), expected, "{name}");
        for name in [
            "RUSTFLAGS",
            "RUSTC",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_PROFILE_DEV_OPT_LEVEL",
        ] {
            check(name, true);
        }
        check("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", true);
        for name in [
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_JOBS",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_HOME",
            "HOME",
        ] {
            check(name, false);
        }
        check("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", false);
    }
}
