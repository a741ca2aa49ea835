//! The flags that cargo will give to every rustc, from the one source that it takes them from.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use toml::Value;

use super::cargo_config::CargoConfig;
use crate::obstacle::TARGET;
use crate::rustc_args::RustcArgs;

/// The flags. Those of `target.'cfg(..)'` are left out: what cargo then passes to rustc decides.
pub(crate) fn configured(env: &BTreeMap<OsString, OsString>, config: &CargoConfig) -> RustcArgs {
    let variable = |name: &str| env.get(OsStr::new(name)).and_then(|value| value.to_str());
    let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
    if let Some(encoded) = variable("CARGO_ENCODED_RUSTFLAGS") {
        let flags = encoded.split('\x1f').filter(|flag| !flag.is_empty());
        return RustcArgs::new(flags.map(String::from).collect());
    }
    if let Some(flags) = variable("RUSTFLAGS") {
        return RustcArgs::new(words(flags));
    }
    let configured = |path: &[&str]| -> Vec<String> { config.all(path).flat_map(listed).collect() };
    let mut flags = configured(&["target", TARGET, "rustflags"]);
    flags.extend(words(
        variable("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS").unwrap_or_default(),
    ));
    if flags.is_empty() {
        flags = configured(&["build", "rustflags"]);
        flags.extend(words(variable("CARGO_BUILD_RUSTFLAGS").unwrap_or_default()));
    }
    RustcArgs::new(flags)
}

/// A list, or words in one string.
fn listed(value: &Value) -> Vec<String> {
    match value {
        Value::Array(flags) => flags.iter().filter_map(Value::as_str).map(String::from).collect(),
        _ => value
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .map(String::from)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_counts() {
        let config = CargoConfig::of(
            "build.rustflags = ['-C', 'a']\ntarget.x86_64-unknown-linux-gnu.rustflags = '-C b'",
        );
        let check = |env: &[(&str, &str)], expected: &[&str]| {
            let env = env.iter().map(|(name, value)| (name.into(), value.into()));
            assert_eq!(configured(&env.collect(), &config).as_slice(), expected);
        };
        check(&[], &["-C", "b"]);
        check(&[("RUSTFLAGS", "-C c")], &["-C", "c"]);
        check(
            &[
                ("RUSTFLAGS", "x"),
                ("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1fd=\"e f\""),
            ],
            &["--cfg", "d=\"e f\""],
        );
    }
}
