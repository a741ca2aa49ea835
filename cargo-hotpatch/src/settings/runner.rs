//! The `runner` of the configuration: cargo starts programs through it, the tool does not.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use toml::Value;

use super::cargo_config::CargoConfig;
use crate::obstacle::TARGET;

/// Where a runner is configured that `cargo run` would use.
pub(crate) fn configured(env: &BTreeMap<OsString, OsString>, config: &CargoConfig) -> Option<String> {
    const VARIABLE: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER";
    if env.contains_key(OsStr::new(VARIABLE)) {
        return Some(VARIABLE.into());
    }
    let targets = config.all(&["target"]).filter_map(Value::as_table).flatten();
    let mut with_runner = targets.filter(|(_, settings)| settings.get("runner").is_some());
    let (target, _) = with_runner.find(|(target, _)| applies(target))?;
    let quote = if target.starts_with("cfg") { "'" } else { "" };
    Some(format!("target.{quote}{target}{quote}.runner"))
}

/// Whether a table is for the only target so far. Of conditions only the usual ones are understood.
fn applies(target: &str) -> bool {
    let condition = target
        .strip_prefix("cfg(")
        .and_then(|rest| rest.strip_suffix(')'));
    match condition {
        None => target == TARGET,
        Some(condition) => {
            let names_this = ["all()", "unix", "linux", "x86_64"]
                .iter()
                .any(|name| condition.contains(name));
            names_this && !condition.contains("not(")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(config: &str, expected: Option<&str>) {
        let found = configured(&BTreeMap::new(), &CargoConfig::of(config));
        assert_eq!(found.as_deref(), expected, "{config}");
    }

    #[test]
    fn only_the_runner_of_this_target_counts() {
        let key = format!("target.{TARGET}.runner");
        check(&format!("{key} = \"qemu\""), Some(&key));
        check(
            "[target.'cfg(target_os = \"linux\")']\nrunner = [\"sudo\", \"-E\"]",
            Some("target.'cfg(target_os = \"linux\")'.runner"),
        );
        check("[target.'cfg(windows)']\nrunner = \"wine\"", None);
        check("[target.wasm32-wasip1]\nrunner = \"wasmtime\"", None);
        check("build.jobs = 2", None);
    }
}
