//! The record of one compilation: everything needed to run it again without cargo.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::caller_env::{self, Variables};
use crate::roles;
use crate::rustc_args::{RustcArgs, UnitKey};
use crate::state_dir::StateDir;

/// What a compilation makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum UnitKind {
    /// A binary or an example.
    Program,
    /// A crate that is linked into programs.
    Library,
    /// A dylib or cdylib and nothing else: another image, which is not patched.
    SharedLibrary,
    /// A proc macro, which runs in the compiler.
    ProcMacro,
    /// A build script, which runs in the build.
    BuildScript,
}

impl UnitKind {
    /// Whether the crate gets the flags that make its code patchable.
    pub(crate) fn is_patchable(self) -> bool {
        matches!(self, Self::Program | Self::Library | Self::SharedLibrary)
    }

    /// The kind of a compilation by cargo, as arguments and environment tell.
    pub(crate) fn of(args: &RustcArgs) -> Self {
        let types: Vec<_> = args.crate_types().collect();
        if types.contains(&"proc-macro") {
            Self::ProcMacro
        } else if types.iter().any(|kind| ["lib", "rlib"].contains(kind)) {
            Self::Library
        } else if args.makes_program() {
            let named = args
                .crate_name()
                .is_some_and(|name| name.starts_with("build_script_"));
            let build_script = named && std::env::var_os("CARGO_BIN_NAME").is_none();
            if build_script {
                Self::BuildScript
            } else {
                Self::Program
            }
        } else {
            Self::SharedLibrary
        }
    }
}

/// The record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Capture {
    pub(crate) key: UnitKey,
    pub(crate) kind: UnitKind,
    pub(crate) rustc: PathBuf,
    /// A program of the user that is started instead of rustc and starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wrapper: Option<PathBuf>,
    pub(crate) args: RustcArgs,
    pub(crate) env: Variables,
    /// The variables that cargo added to the environment it was started with.
    pub(crate) added: Vec<String>,
    pub(crate) cwd: PathBuf,
}

impl Capture {
    /// Records this process' compilation. `caller` is the environment that cargo was started with.
    pub(crate) fn new(
        kind: UnitKind,
        rustc: PathBuf,
        wrapper: Option<PathBuf>,
        args: RustcArgs,
        caller: &Variables,
    ) -> Result<Self> {
        let mut env = caller_env::utf8(std::env::vars_os());
        env.retain(|name, _| !gone(name) && !roles::owns(name));
        let added = env
            .iter()
            .filter(|(name, value)| caller.get(*name) != Some(*value));
        let added = added.map(|(name, _)| name.clone()).collect();
        let cwd = std::env::current_dir().context("cannot read the current folder")?;
        Ok(Self {
            key: args.key(),
            kind,
            rustc,
            wrapper,
            args,
            env,
            added,
            cwd,
        })
    }

    /// What is started to compile the unit, without its arguments.
    pub(crate) fn command(&self) -> Command {
        match &self.wrapper {
            Some(wrapper) => {
                let mut command = Command::new(wrapper);
                command.arg(&self.rustc);
                command
            }
            None => Command::new(&self.rustc),
        }
    }

    /// Writes the record, in one step.
    pub(crate) fn save(&self, state: &StateDir) -> Result<()> {
        write_json(&path(state, &self.key), self)
    }

    /// Reads all records. One that cannot be read is of another version of the tool and is left out.
    pub(crate) fn load_all(state: &StateDir) -> Result<BTreeMap<UnitKey, Self>> {
        let dir = state.captures();
        let entries = std::fs::read_dir(&dir).with_context(|| format!("cannot read `{}`", dir.display()))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let records = paths
            .filter(|path| path.extension() == Some(OsStr::new("json")))
            .filter_map(|path| {
                let record: Self = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
                Some((record.key.clone(), record))
            });
        Ok(records.collect())
    }

    /// The environment in which cargo would run it now for a caller with these variables. The record may come from an
    /// earlier build, under others.
    pub(crate) fn environment(&self, caller: &BTreeMap<OsString, OsString>) -> BTreeMap<OsString, OsString> {
        let is_foreign = |name: &str| gone(name) || roles::owns(name) || caller_env::set_by_cargo(name);
        let mut env = caller.clone();
        env.retain(|name, _| !name.to_str().is_some_and(is_foreign));
        let of_cargo =
            |name: &String| name == "CARGO" || caller_env::set_by_cargo(name) || self.added.contains(name);
        let recorded = self.env.iter().filter(|(name, _)| of_cargo(name));
        env.extend(recorded.map(|(name, value)| (name.into(), value.into())));
        env
    }

    /// Reads the record of one unit.
    pub(crate) fn load(state: &StateDir, key: &UnitKey) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path(state, key)).ok()?).ok()
    }

    /// Whether there is a record for this unit.
    pub(crate) fn exists(state: &StateDir, key: &UnitKey) -> bool {
        path(state, key).exists()
    }

    /// The dep-info file of the compilation by cargo.
    pub(crate) fn dep_info(&self) -> Option<PathBuf> {
        Some(self.args.out_dir()?.join(format!("{}.d", self.key.stem())))
    }

    /// The name of its package.
    pub(crate) fn package(&self) -> &str {
        self.env.get("CARGO_PKG_NAME").map_or("", String::as_str)
    }

    /// The folder of its package.
    pub(crate) fn manifest_dir(&self) -> Option<&Path> {
        self.env.get("CARGO_MANIFEST_DIR").map(Path::new)
    }
}

/// The job server of cargo ends with cargo; rustc complains about one that is gone.
fn gone(name: &str) -> bool {
    ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"].contains(&name)
}

fn path(state: &StateDir, key: &UnitKey) -> PathBuf {
    state.captures().join(format!("{}.json", key.as_str()))
}

/// Writes a file that others see either whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let write = || -> Result<()> {
        let dir = path.parent().context("a path without a folder")?;
        std::fs::create_dir_all(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(&serde_json::to_vec(value)?)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}
