//! The linker of the program and the linker of the patches.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use toml::Value;

use super::finding::Finding;
use super::toolchain;
use crate::obstacle::TARGET;
use crate::patch_linker::{in_sysroot, on_path};
use crate::settings::CargoConfig;

/// Checks both.
pub(super) fn check(env: &BTreeMap<OsString, OsString>, root: &Path, config: &CargoConfig) -> Vec<Finding> {
    let variable = OsStr::new("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER");
    let configured = config.get(&["target", TARGET, "linker"]).and_then(Value::as_str);
    let linker = env
        .get(variable)
        .and_then(|linker| linker.to_str())
        .or(configured)
        .unwrap_or("cc");
    let mut command = Command::new(linker);
    command
        .arg("--version")
        .env_clear()
        .envs(env)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let program = if command.status().is_ok_and(|status| status.success()) {
        Finding::good(format!("programs are linked with `{linker}`"))
    } else {
        let help = "install a C compiler (`apt install gcc`), or correct `linker` in `.cargo/config.toml`";
        Finding::error(format!("the linker `{linker}` cannot be run"), help)
    };
    vec![program, patches(env, root)]
}

fn patches(env: &BTreeMap<OsString, OsString>, root: &Path) -> Finding {
    let sysroot = toolchain::rustc(env, root, &["--print", "sysroot"]).map(|path| PathBuf::from(path.trim()));
    let linked = |path: &Path| format!("patches are linked with `{}`", path.display());
    if let Some(lld) = sysroot
        .and_then(|sysroot| in_sysroot(&sysroot))
        .or_else(|| on_path("ld.lld"))
    {
        return Finding::good(linked(&lld));
    }
    match on_path("ld") {
        Some(ld) => Finding::warning(
            linked(&ld),
            "patches come faster with `ld.lld`: use a toolchain of `rustup`",
        ),
        None => Finding::error(
            "there is no linker for patches",
            "install `lld`, or use a toolchain of `rustup`",
        ),
    }
}
