//! The profiles, with what the environment, `.cargo/config.toml` and `Cargo.toml` say about them.

use std::path::Path;

use toml::{Table, Value};

use super::cargo_config::{CargoConfig, lookup};

/// Where the settings of profiles come from.
#[derive(Debug)]
pub(crate) struct ProfileSettings {
    manifest: Table,
    config: CargoConfig,
}

impl ProfileSettings {
    /// The settings of a workspace, under this configuration.
    pub(crate) fn read(root: &Path, config: CargoConfig) -> Self {
        let text = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
        Self {
            manifest: text.parse().unwrap_or_default(),
            config,
        }
    }

    /// The value of `lto`, where it is on. `false` means no optimisation across crates, `"off"` none at all; both
    /// leave objects.
    pub(crate) fn lto(&self, profile: &str) -> Option<Value> {
        let is_off = |lto: &Value| {
            lto.as_bool() == Some(false) || matches!(lto.as_str(), Some("off" | "no" | "n" | "false"))
        };
        self.get(profile, "lto").filter(|lto| !is_off(lto))
    }

    /// Whether a panic ends the process.
    pub(crate) fn aborts(&self, profile: &str) -> bool {
        self.get(profile, "panic")
            .is_some_and(|panic| panic.as_str() == Some("abort"))
    }

    /// The target that is built for, where it is set.
    pub(crate) fn target(&self) -> Option<String> {
        let target = std::env::var("CARGO_BUILD_TARGET").ok();
        target.or_else(|| Some(self.config.get(&["build", "target"])?.as_str()?.to_owned()))
    }

    /// A setting of a profile, or of the profile it inherits from. The environment decides first, then the
    /// configuration, then the manifest.
    fn get(&self, profile: &str, name: &str) -> Option<Value> {
        let variable = format!("CARGO_PROFILE_{profile}_{name}")
            .to_uppercase()
            .replace('-', "_");
        let from_env = std::env::var(variable).ok().map(|value| match value.parse() {
            Ok(value) => Value::Boolean(value),
            Err(_) => Value::String(value),
        });
        let path = ["profile", profile, name];
        let found = from_env
            .or_else(|| self.config.get(&path).cloned())
            .or_else(|| lookup(&self.manifest, &path).cloned());
        found.or_else(|| {
            let inherits = lookup(&self.manifest, &["profile", profile, "inherits"])?.as_str()?;
            if inherits == profile {
                None
            } else {
                self.get(inherits, name)
            }
        })
    }

    #[cfg(test)]
    pub(crate) fn of(manifest: &str, config: &str) -> Self {
        Self {
            manifest: manifest.parse().unwrap(),
            config: CargoConfig::of(config),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_inherits() {
        let manifest = "[profile.release]\nlto = \"thin\"\n[profile.live]\ninherits = \"release\"\n";
        let live = |manifest: &str| ProfileSettings::of(manifest, "").lto("live");
        assert_eq!(live(manifest), Some(Value::String("thin".into())));
        assert_eq!(live(&format!("{manifest}lto = \"off\"")), None);
    }

    #[test]
    fn the_configuration_comes_before_the_manifest() {
        let settings = ProfileSettings::of("[profile.dev]\nlto = true", "[profile.dev]\nlto = \"off\"");
        assert_eq!(settings.lto("dev"), None);
    }
}
