//! The profile settings that prevent patching.

use std::path::Path;

use toml::{Table, Value};

use super::cargo_config::{CargoConfig, lookup};
use super::finding::Finding;
use crate::selection::Selection;

/// Where the settings of profiles come from.
struct Settings<'a> {
    manifest: &'a Table,
    config: &'a CargoConfig,
}

/// Checks the profiles `dev` and `release`, and the one that was asked for.
pub(super) fn check(root: &Path, config: &CargoConfig, selection: &Selection) -> Vec<Finding> {
    let text = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let manifest = text.parse::<Table>().unwrap_or_default();
    let settings = Settings {
        manifest: &manifest,
        config,
    };
    let mut profiles = vec!["dev", "release"];
    if !profiles.contains(&selection.profile_name()) {
        profiles.push(selection.profile_name());
    }
    profiles
        .into_iter()
        .flat_map(|profile| settings.check(profile))
        .collect()
}

impl Settings<'_> {
    fn check(&self, profile: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(lto) = self.get(profile, "lto").filter(|lto| !is_off(lto)) {
            findings.push(Finding::error(
                format!("profile `{profile}` has `lto = {lto}`, which leaves no objects to compare (HP0103)"),
                format!(
                    "set `lto = false` in `[profile.{profile}]`, or use a profile of your own for patching"
                ),
            ));
        }
        if let Some(strip) = self.get(profile, "strip").filter(|strip| strips_symbols(strip)) {
            findings.push(Finding::error(
                format!("profile `{profile}` has `strip = {strip}`, which removes what patches are bound to (HP0104)"),
                format!("set `strip = \"debuginfo\"` in `[profile.{profile}]`"),
            ));
        }
        if self
            .get(profile, "panic")
            .is_some_and(|panic| panic.as_str() == Some("abort"))
        {
            findings.push(Finding::warning(
                format!("profile `{profile}` has `panic = \"abort\"`"),
                "patches work, and a panic in new code ends the program, as in old code",
            ));
        }
        if findings.is_empty() {
            findings.push(Finding::good(format!("profile `{profile}` can be patched")));
        }
        findings
    }

    /// A setting of a profile, of the profile it inherits from, or none. The environment decides first, then the
    /// configuration, then the manifest.
    fn get(&self, profile: &str, name: &str) -> Option<Value> {
        let variable = format!(
            "CARGO_PROFILE_{}_{}",
            profile.to_uppercase().replace('-', "_"),
            name.to_uppercase()
        );
        let path = ["profile", profile, name];
        let found = std::env::var(variable)
            .ok()
            .map(|value| match value.parse::<bool>() {
                Ok(value) => Value::Boolean(value),
                Err(_) => Value::String(value),
            });
        let found = found
            .or_else(|| self.config.get(&path).cloned())
            .or_else(|| lookup(self.manifest, &path).cloned());
        let inherits = lookup(self.manifest, &["profile", profile, "inherits"]).and_then(Value::as_str);
        found.or_else(|| self.get(inherits.filter(|inherits| *inherits != profile)?, name))
    }
}

/// `false` means no optimisation across crates; `"off"` none at all. Both leave objects.
fn is_off(lto: &Value) -> bool {
    matches!(lto.as_bool(), Some(false)) || matches!(lto.as_str(), Some("off" | "no" | "n" | "false"))
}

fn strips_symbols(strip: &Value) -> bool {
    matches!(strip.as_bool(), Some(true)) || matches!(strip.as_str(), Some("symbols" | "true"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Grade;
    use super::*;

    fn check(manifest: &str, profile: &str, expected: &[Grade]) {
        let manifest = manifest.parse().unwrap();
        let config = CargoConfig::of("[profile.configured]\nlto = \"fat\"");
        let grades: Vec<_> = Settings {
            manifest: &manifest,
            config: &config,
        }
        .check(profile);
        assert_eq!(
            grades.iter().map(|finding| finding.grade).collect::<Vec<_>>(),
            expected
        );
    }

    #[test]
    fn settings_that_prevent_patching() {
        check("", "release", &[Grade::Good]);
        check(
            "[profile.release]\nlto = true\nstrip = true",
            "release",
            &[Grade::Error, Grade::Error],
        );
        check(
            "[profile.release]\nlto = false\nstrip = \"debuginfo\"",
            "release",
            &[Grade::Good],
        );
        check("[profile.dev]\npanic = \"abort\"", "dev", &[Grade::Warning]);
        check("", "configured", &[Grade::Error]);
    }

    #[test]
    fn a_profile_inherits() {
        let manifest = "[profile.release]\nlto = \"thin\"\n[profile.live]\ninherits = \"release\"\n";
        check(manifest, "live", &[Grade::Error]);
        check(&format!("{manifest}lto = \"off\""), "live", &[Grade::Good]);
    }
}
