//! The environment of whoever started the tool, free of what an outer `cargo run` added for the tool itself.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Variables by name. Those that are not UTF-8 cannot be recorded and are left out.
pub(crate) type Variables = BTreeMap<String, String>;

/// The search path of the dynamic loader.
pub(crate) const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// The variables that the tool was started with, without those that `cargo run` set for it.
pub(crate) fn current() -> BTreeMap<OsString, OsString> {
    let all: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    let own_run = all
        .get(OsStr::new("CARGO_PKG_NAME"))
        .is_some_and(|name| name == env!("CARGO_PKG_NAME"));
    let tool_dir = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.to_owned()));
    match tool_dir {
        Some(dir) if own_run => clean(all, &dir),
        _ => all,
    }
}

/// The variables that are UTF-8.
pub(crate) fn utf8(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Variables {
    let utf8 =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    variables.into_iter().filter_map(utf8).collect()
}

/// Saves the variables for the rustc wrapper. They may hold secrets: only this user can read the file.
pub(crate) fn save(path: &Path, variables: &Variables) -> Result<()> {
    let write = || -> Result<()> {
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        Ok(file.write_all(&serde_json::to_vec(variables)?)?)
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

/// Reads the variables that the session saved for the rustc wrapper.
pub(crate) fn read(path: Option<OsString>) -> Result<Variables> {
    let path = PathBuf::from(path.context("the file with the caller's environment is not set")?);
    let text = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Whether cargo sets this variable for rustc or for `cargo run`.
pub(crate) fn set_by_cargo(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || [
            "CARGO_CRATE_NAME",
            "CARGO_PRIMARY_PACKAGE",
            "CARGO_TARGET_TMPDIR",
            "OUT_DIR",
        ]
        .contains(&name)
}

fn clean(mut all: BTreeMap<OsString, OsString>, tool_dir: &Path) -> BTreeMap<OsString, OsString> {
    all.retain(|name, _| !name.to_str().is_some_and(set_by_cargo));
    if let Some(paths) = all.remove(OsStr::new(LIBRARY_PATH)) {
        let foreign = |path: &PathBuf| !path.starts_with(tool_dir) && !path.ends_with(sysroot_libraries());
        let kept = std::env::join_paths(std::env::split_paths(&paths).filter(foreign)).unwrap_or_default();
        if !kept.is_empty() {
            all.insert(LIBRARY_PATH.into(), kept);
        }
    }
    all
}

/// The end of the path of the sysroot's libraries, which `cargo run` puts on the search path.
fn sysroot_libraries() -> PathBuf {
    Path::new("rustlib").join(crate::obstacle::TARGET).join("lib")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_saved_file_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("env.json");
        let variables = Variables::from([("SECRET".into(), "s".into())]);
        save(&path, &variables).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(Some(path.into())).unwrap(), variables);
    }

    #[test]
    fn what_the_outer_cargo_added_is_gone() {
        let all = [
            ("CARGO_PKG_NAME", "cargo-hotpatch"),
            ("CARGO_MANIFEST_DIR", "/repo/cargo-hotpatch"),
            ("OUT_DIR", "/repo/out"),
            ("CARGO_HOME", "/home/u/.cargo"),
            ("PATH", "/bin"),
            (
                LIBRARY_PATH,
                "/repo/target/debug/deps:/repo/target/debug:/tc/lib/rustlib/x86_64-unknown-linux-gnu/lib:/opt/lib",
            ),
        ];
        let all = all
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let left = utf8(clean(all, Path::new("/repo/target/debug")));
        let expected = [
            ("CARGO_HOME", "/home/u/.cargo"),
            (LIBRARY_PATH, "/opt/lib"),
            ("PATH", "/bin"),
        ];
        assert!(
            left.iter().map(|(name, value)| (&**name, &**value)).eq(expected),
            "{left:?}"
        );
    }
}
