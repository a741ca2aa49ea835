//! What a settings file says that can make a difference to the program.
//!
//! Invariant: a key is left out only if cargo itself builds nothing anew when it changes.

use std::collections::BTreeSet;
use std::path::Path;

use toml::de::Error;
use toml::{Table, Value};

/// Keys of a package that make no difference to what is compiled.
const NO_MATTER: [&str; 9] = [
    "autobenches",
    "autotests",
    "categories",
    "documentation",
    "exclude",
    "include",
    "keywords",
    "metadata",
    "publish",
];

/// Keys of a package that matter only to sources that read the variable.
const READ_AS: [(&str, &str); 7] = [
    ("authors", "CARGO_PKG_AUTHORS"),
    ("description", "CARGO_PKG_DESCRIPTION"),
    ("homepage", "CARGO_PKG_HOMEPAGE"),
    ("license", "CARGO_PKG_LICENSE"),
    ("license-file", "CARGO_PKG_LICENSE_FILE"),
    ("readme", "CARGO_PKG_README"),
    ("repository", "CARGO_PKG_REPOSITORY"),
];

/// The facts of a manifest, for programs of this profile whose sources read these variables.
pub(super) fn manifest(text: &str, profile: &str, variables: &BTreeSet<String>) -> Result<Table, Error> {
    let mut facts: Table = text.parse()?;
    remove(&mut facts, &["badges", "bench", "test"]);
    within(&mut facts, "package", |package| prune_package(package, variables));
    within(&mut facts, "workspace", |workspace| {
        remove(workspace, &["metadata"]);
        within(workspace, "package", |package| prune_package(package, variables));
    });
    prune_profiles(&mut facts, profile);
    Ok(facts)
}

/// The facts of a configuration file.
pub(super) fn config(text: &str, profile: &str) -> Result<Table, Error> {
    let mut facts: Table = text.parse()?;
    let tool_settings = [
        "alias",
        "cache",
        "cargo-new",
        "credential-alias",
        "doc",
        "future-incompat-report",
        "http",
        "install",
        "net",
        "registry",
        "term",
    ];
    remove(&mut facts, &tool_settings);
    within(&mut facts, "build", |build| {
        remove(
            build,
            &["jobs", "rustdoc", "rustdocflags", "target-dir", "build-dir"],
        );
    });
    within(&mut facts, "target", |targets| {
        within_each(targets, |target| remove(target, &["runner", "rustdocflags"]));
    });
    within(&mut facts, "registries", |registries| {
        within_each(registries, |registry| {
            remove(registry, &["token", "credential-provider"])
        });
    });
    prune_profiles(&mut facts, profile);
    Ok(facts)
}

/// The packages of a lock file: for each name the versions, for each version the rest.
pub(super) fn lock(text: &str) -> Result<Table, Error> {
    let whole: Table = text.parse()?;
    let mut facts = Table::new();
    for package in whole
        .get("package")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let field = |name: &str| package.get(name).and_then(Value::as_str);
        let (Some(name), Some(version)) = (field("name"), field("version")) else {
            continue;
        };
        let versions = facts.entry(name).or_insert_with(|| Table::new().into());
        if let Some(versions) = versions.as_table_mut() {
            let source = field("source").unwrap_or_default();
            let taken = versions.contains_key(version);
            let version = if taken {
                format!("{version} ({source})")
            } else {
                version.to_owned()
            };
            versions.insert(version, package.clone());
        }
    }
    Ok(facts)
}

/// The choice that a toolchain file makes. In the old form, the file holds just a name.
pub(super) fn toolchain(text: &str) -> Table {
    let parsed = text.parse::<Table>().ok();
    let chosen = parsed.and_then(|table| table.get("toolchain").and_then(Value::as_table).cloned());
    let mut facts = Table::new();
    match chosen {
        Some(chosen) => {
            let decides = ["channel", "path"].map(|key| (key, chosen.get(key).cloned()));
            facts.extend(
                decides
                    .into_iter()
                    .filter_map(|(key, value)| Some((key.to_owned(), value?))),
            );
        }
        None => {
            facts.insert("channel".into(), text.trim().into());
        }
    }
    facts
}

/// The choices that the settings of rustup make for a folder.
pub(super) fn rustup(text: &str, folder: &Path) -> Result<Table, Error> {
    let mut facts: Table = text.parse()?;
    facts.retain(|key, _| key == "default_toolchain" || key == "overrides");
    within(&mut facts, "overrides", |overrides| {
        overrides.retain(|path, _| folder.starts_with(path));
    });
    Ok(facts)
}

/// Leaves only the profile that is built. One that is not built in may inherit from any other.
fn prune_profiles(facts: &mut Table, profile: &str) {
    within(facts, "profile", |profiles| {
        if ["dev", "release"].contains(&profile) {
            profiles.retain(|name, _| name == profile);
        }
    });
}

fn prune_package(package: &mut Table, variables: &BTreeSet<String>) {
    remove(package, &NO_MATTER);
    for (key, variable) in READ_AS {
        if !variables.contains(variable) {
            package.remove(key);
        }
    }
}

/// Prunes the table at `key`, and takes it away if nothing is left of it.
fn within(facts: &mut Table, key: &str, prune: impl FnOnce(&mut Table)) {
    let Some(table) = facts.get_mut(key).and_then(Value::as_table_mut) else {
        return;
    };
    let was_empty = table.is_empty();
    prune(table);
    if table.is_empty() && !was_empty {
        facts.remove(key);
    }
}

fn within_each(tables: &mut Table, prune: impl Fn(&mut Table)) {
    let keys: Vec<_> = tables.keys().cloned().collect();
    for key in keys {
        within(tables, &key, &prune);
    }
}

fn remove(facts: &mut Table, keys: &[&str]) {
    for key in keys {
        facts.remove(*key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = 'game'\nedition = '2024'\n[profile.dev]\nopt-level = 1\n";

    fn same_manifest(change: &str, variables: &[&str]) -> bool {
        let variables = variables.iter().map(ToString::to_string).collect();
        let read = |text: &str| manifest(text, "dev", &variables).unwrap();
        read(MANIFEST) == read(&MANIFEST.replace("edition", &format!("{change}\nedition")))
    }

    #[test]
    fn comments_and_descriptions_say_nothing_about_the_build() {
        assert!(same_manifest("# A comment.", &[]));
        assert!(same_manifest("keywords = ['fun']\nmetadata.x = 1", &[]));
        assert!(same_manifest("description = 'x'", &["CARGO_PKG_AUTHORS"]));
        assert!(!same_manifest("description = 'x'", &["CARGO_PKG_DESCRIPTION"]));
        assert!(!same_manifest("links = 'x'", &[]));
    }

    #[test]
    fn only_the_profile_that_is_built_counts() {
        let release = "[profile.release]\nopt-level = 2\n";
        let read = |text: &str, profile: &str| manifest(text, profile, &BTreeSet::new()).unwrap();
        let changed = format!("{MANIFEST}{release}");
        assert_eq!(read(MANIFEST, "dev"), read(&changed, "dev"));
        assert_eq!(read("", "dev"), read(release, "dev"));
        assert_ne!(read(MANIFEST, "release"), read(&changed, "release"));
        assert_ne!(read(MANIFEST, "live"), read(&changed, "live"));
    }

    #[test]
    fn settings_of_the_tool_are_left_out_of_a_configuration() {
        let empty = config("", "dev").unwrap();
        assert_eq!(
            config("[alias]\nx = 'run'\n[term]\nquiet = true", "dev").unwrap(),
            empty
        );
        assert_eq!(config("[build]\njobs = 1", "dev").unwrap(), empty);
        let build = config("[build]\njobs = 1\nrustflags = ['-g']", "dev").unwrap();
        assert_eq!(build, config("build.rustflags = ['-g']", "dev").unwrap());
        assert_ne!(build, empty);
    }

    #[test]
    fn both_forms_of_a_toolchain_file_are_read() {
        let new = "[toolchain]\nchannel = 'nightly'\ncomponents = ['rust-src']";
        assert_eq!(toolchain(new), toolchain("nightly\n"));
        assert_ne!(toolchain(new), toolchain("stable"));
    }

    #[test]
    fn overrides_for_other_folders_are_left_out() {
        let text =
            "version = '12'\ndefault_toolchain = 'stable'\n[overrides]\n'/w' = 'nightly'\n'/x' = 'beta'";
        let facts = rustup(text, Path::new("/w/game")).unwrap();
        let expected = "default_toolchain = 'stable'\noverrides.'/w' = 'nightly'";
        assert_eq!(facts, expected.parse::<Table>().unwrap());
    }
}
