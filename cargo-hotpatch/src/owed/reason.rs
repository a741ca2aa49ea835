//! Why a change of a file needs a new build, in one sentence that says what changed.

use std::collections::BTreeSet;
use std::path::Path;

use toml::Table;
use toml::de::Error;

use super::matter::Matter;
use super::{compiler, difference, facts};
use crate::base::Base;
use crate::capture::Capture;
use crate::cargo::relative;
use crate::dep_info;
use crate::obstacle::TARGET;
use crate::plan::Plan;
use crate::replay::Replays;
use crate::unit_graph::UnitGraph;

/// How many differences are named.
const NAMED: usize = 3;

/// A file that is not what the build found.
#[derive(Debug)]
pub(crate) struct FileChange<'a> {
    /// The file.
    pub(crate) path: &'a Path,
    /// Whether the build found it.
    pub(crate) existed: bool,
    /// What it said then, where that is known.
    pub(crate) text: Option<&'a str>,
}

/// What is needed to read a change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) graph: &'a UnitGraph,
    pub(crate) base: &'a Base,
    pub(crate) replays: &'a Replays,
}

impl Reader<'_> {
    /// Why the change needs a new build; `None` where it makes no difference.
    pub(crate) fn reason(&self, matter: &Matter, change: &FileChange<'_>) -> Option<String> {
        let head = head(change);
        Some(match matter {
            Matter::Compiler => self.compiler(change),
            Matter::Manifest | Matter::Lock | Matter::Config | Matter::Toolchain => {
                return self.settings(matter, change);
            }
            Matter::Circumstances => head,
            Matter::NewLibrary => format!("{head}: the package has a library now"),
            Matter::NewBuildScript => format!("{head}: the package has a build script now"),
            Matter::BuildScript(folder) => {
                format!(
                    "{head}: the build script of `{}` is made of it",
                    self.package(folder)
                )
            }
            Matter::BuildScriptInput(folder) => {
                format!("{head}: the build script of `{}` reads it", self.package(folder))
            }
            Matter::ProcMacro(key) => {
                let name = self.graph.tool(key).map_or(key.as_str(), Capture::package);
                format!("{head}: the proc macro crate `{name}` is made of it")
            }
            Matter::Outside(name, _) => {
                format!(
                    "{head}: it belongs to `{name}`, a dependency outside the workspace, which is not patched"
                )
            }
            Matter::Own => format!("{head}: it belongs to hotpatch itself, which runs inside the program"),
        })
    }

    fn compiler(&self, change: &FileChange<'_>) -> String {
        let head = head(change);
        let before = compiler::built_with(&self.base.program());
        let now = compiler::version_now(change.path, self.plan);
        match (before, now) {
            (Some(before), Some(now)) if before != now => format!("{head}: rustc {before} -> {now}"),
            _ => format!("{head}: it is the compiler that built the program"),
        }
    }

    fn settings(&self, matter: &Matter, change: &FileChange<'_>) -> Option<String> {
        let head = head(change);
        let before = match change.text {
            Some(text) => text,
            None if change.existed => return Some(format!("{head} while the program was being built")),
            None => "",
        };
        let now = std::fs::read(change.path).unwrap_or_default();
        let now = String::from_utf8_lossy(&now);
        if !change.existed && *matter == Matter::Toolchain && self.is_active(&now) {
            return None;
        }
        let read = |text: &str| self.facts(matter, change.path, text);
        let (before, now) = match (read(before), read(&now)) {
            (Ok(before), Ok(now)) => (before, now),
            (_, Err(error)) => return Some(format!("{head} and cannot be read: {}", error.message())),
            (Err(_), Ok(_)) => return Some(head),
        };
        if before == now {
            return None;
        }
        let differences = match matter {
            Matter::Lock => difference::of_locks(&before, &now),
            _ => difference::of_settings(&before, &now),
        };
        Some(format!("{head}: {}", joined(&differences)))
    }

    fn facts(&self, matter: &Matter, path: &Path, text: &str) -> Result<Table, Error> {
        if text.is_empty() {
            return Ok(Table::new());
        }
        let profile = self.plan.selection.profile_name();
        match matter {
            Matter::Lock => facts::lock(text),
            Matter::Config => facts::config(text, profile),
            Matter::Toolchain if path.ends_with("settings.toml") => {
                facts::rustup(text, self.plan.project.cwd())
            }
            Matter::Toolchain => Ok(facts::toolchain(text)),
            _ => facts::manifest(text, profile, &self.variables(path)),
        }
    }

    /// The variables that the sources of the package with this manifest read; for the root, those of all packages,
    /// which may inherit from it.
    fn variables(&self, manifest: &Path) -> BTreeSet<String> {
        let folder = manifest.parent();
        let is_root = folder == Some(self.plan.project.root());
        let crates = self
            .graph
            .units()
            .values()
            .chain(self.graph.tools().flat_map(|tool| tool.parts()));
        let of_package = crates.filter(|unit| is_root || unit.manifest_dir() == folder);
        let dep_infos = of_package.flat_map(|unit| [unit.dep_info(), self.replays.dep_info(&unit.key)]);
        let texts = dep_infos
            .flatten()
            .filter_map(|path| std::fs::read_to_string(path).ok());
        texts
            .flat_map(|text| dep_info::variables(&text).map(String::from).collect::<Vec<_>>())
            .collect()
    }

    /// Whether a toolchain file asks for the toolchain that is used anyway.
    fn is_active(&self, text: &str) -> bool {
        let asked = facts::toolchain(text);
        let channel = asked.get("channel").and_then(toml::Value::as_str);
        let rustc = self.graph.units().values().next().map(|unit| &unit.rustc);
        let active = rustc.and_then(|rustc| rustc.parent()?.parent()?.file_name()?.to_str());
        match (channel, active) {
            (Some(channel), Some(active)) if asked.len() == 1 => {
                active == channel || active == format!("{channel}-{TARGET}")
            }
            _ => false,
        }
    }

    fn package(&self, folder: &Path) -> String {
        let mut crates = self.graph.units().values();
        let found = crates.find(|unit| unit.manifest_dir() == Some(folder));
        match found {
            Some(unit) => unit.package().to_owned(),
            None => relative(folder).display().to_string(),
        }
    }
}

/// The first differences, and how many more there are.
pub(super) fn joined(differences: &[String]) -> String {
    let named = &differences[..differences.len().min(NAMED)];
    let more = differences.len() - named.len();
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    named.join("; ") + &more
}

fn head(change: &FileChange<'_>) -> String {
    let what = match (change.existed, change.path.exists()) {
        (true, false) => "is gone",
        (false, true) => "is new",
        _ => "changed",
    };
    format!("`{}` {what}", relative(change.path).display())
}
