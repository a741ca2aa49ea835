//! The toolchain and the target.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use super::finding::Finding;
use crate::obstacle::TARGET;
use crate::selection::Selection;
use crate::settings::ProfileSettings;

/// Checks rustc and what it builds for.
pub(super) fn check(
    env: &BTreeMap<OsString, OsString>,
    root: &Path,
    selection: &Selection,
    settings: &ProfileSettings,
) -> Vec<Finding> {
    let Some(version) = rustc(env, root, &["-vV"]) else {
        return vec![Finding::error(
            "rustc cannot be run",
            "install a toolchain with `rustup`",
        )];
    };
    let field = |name: &str| {
        version
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or("unknown")
            .trim()
    };
    let (release, host) = (field("release:"), field("host:"));
    let asked_for = selection.target.clone().or_else(|| settings.target());
    let target = asked_for.unwrap_or_else(|| host.to_owned());
    vec![if target == TARGET {
        Finding::good(format!("rustc {release} for {target}"))
    } else {
        Finding::error(
            format!("rustc {release} builds for {target}, and only {TARGET} can be patched yet"),
            "remove `build.target` from `.cargo/config.toml`, or use another machine",
        )
    }]
}

/// What rustc prints, as cargo would run it.
pub(super) fn rustc(env: &BTreeMap<OsString, OsString>, root: &Path, args: &[&str]) -> Option<String> {
    let program = env
        .get(OsStr::new("RUSTC"))
        .map_or(OsStr::new("rustc"), OsString::as_os_str);
    let output = Command::new(program)
        .args(args)
        .env_clear()
        .envs(env)
        .current_dir(root)
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
