//! The names of the `hotpatch` and `hotpatch-module` crates in the crate that is being compiled.
//!
//! `hp = { package = "hotpatch", .. }` renames one. Only the manifest knows, so it is read, once per process and
//! package, and parsed only if a rename is possible at all.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use proc_macro2::Span;
use syn::Ident;
use syn::parse_quote;
use toml_span::Value;

const FACADE: &str = "hotpatch";
const MODULES: &str = "hotpatch-module";

/// The path of the facade crate.
pub(crate) fn path() -> syn::Path {
    let name = name_of(FACADE).unwrap_or_else(|| identifier(FACADE));
    let name = Ident::new(&name, Span::call_site());
    parse_quote!(::#name)
}

/// The path of the crate for modules: the crate itself, else what the facade has of it.
pub(crate) fn of_modules() -> syn::Path {
    match (name_of(MODULES), name_of(FACADE)) {
        (None, Some(facade)) => {
            let facade = Ident::new(&facade, Span::call_site());
            parse_quote!(::#facade::module)
        }
        (name, _) => {
            let name = name.unwrap_or_else(|| identifier(MODULES));
            let name = Ident::new(&name, Span::call_site());
            parse_quote!(::#name)
        }
    }
}

/// The name under which the package that is being compiled depends on `package`, if its manifest tells.
fn name_of(package: &'static str) -> Option<String> {
    type Names = HashMap<(PathBuf, &'static str), Option<String>>;
    static NAMES: Mutex<Option<Names>> = Mutex::new(None);

    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    let name = names.entry((folder, package));
    name.or_insert_with_key(|(folder, package)| find(folder, package))
        .clone()
}

/// The name under which the package in `folder` depends on `package`, if its manifest tells.
fn find(folder: &Path, package: &str) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let manifest = toml_span::parse(&text).ok()?;
    direct_name(&manifest, package).or_else(|| {
        let inherited = dependencies(&manifest).filter(|(_, value)| value.pointer("/workspace").is_some());
        let inherited: Vec<&str> = inherited.map(|(key, _)| key).collect();
        let text = (!inherited.is_empty()).then(|| workspace_manifest(folder, &manifest))??;
        let root = toml_span::parse(&text).ok()?;
        let shared = root.pointer("/workspace/dependencies")?;
        inherited
            .into_iter()
            .find(|key| is_package(package, key, shared.pointer(&format!("/{key}"))))
            .map(identifier)
    })
}

fn direct_name(manifest: &Value<'_>, package: &str) -> Option<String> {
    dependencies(manifest)
        .find(|(key, value)| is_package(package, key, Some(value)))
        .map(|(key, _)| identifier(key))
}

/// Whether a dependency is this package. One that is inherited under its name is taken for it.
fn is_package(package: &str, key: &str, value: Option<&Value<'_>>) -> bool {
    let renamed = value.and_then(|value| value.pointer("/package")?.as_str());
    renamed.unwrap_or(key) == package
}

fn identifier(key: &str) -> String {
    key.replace('-', "_")
}

/// The entries of all dependency tables of a package, the ones for certain targets included.
fn dependencies<'a>(manifest: &'a Value<'_>) -> impl Iterator<Item = (&'a str, &'a Value<'a>)> {
    let targets = manifest.pointer("/target").and_then(Value::as_table);
    let scopes = std::iter::once(manifest).chain(targets.into_iter().flat_map(|targets| targets.values()));
    scopes
        .flat_map(|scope| ["/dependencies", "/dev-dependencies"].map(|table| scope.pointer(table)))
        .filter_map(|table| table?.as_table())
        .flatten()
        .map(|(key, value)| (key.name.as_ref(), value))
}

/// The text of the manifest that `workspace = true` refers to.
fn workspace_manifest(folder: &Path, manifest: &Value<'_>) -> Option<String> {
    let is_root =
        |text: &String| toml_span::parse(text).is_ok_and(|root| root.pointer("/workspace").is_some());
    let read = |folder: &Path| std::fs::read_to_string(folder.join("Cargo.toml")).ok();
    match manifest.pointer("/package/workspace").and_then(Value::as_str) {
        Some(root) => read(&folder.join(root)),
        None => folder.ancestors().filter_map(read).find(is_root),
    }
}

#[cfg(test)]
mod tests {
    use super::{FACADE, MODULES, direct_name};

    fn check(manifest: &str, expect: Option<&str>) {
        let manifest = toml_span::parse(manifest).unwrap();
        assert_eq!(direct_name(&manifest, FACADE).as_deref(), expect);
    }

    #[test]
    fn the_name_is_the_key_of_the_dependency() {
        check("[dependencies]\nhotpatch = '1'", Some("hotpatch"));
        check(
            "[dependencies]\nserde = '1'\nhot-patch = { package = 'hotpatch', version = '1' }",
            Some("hot_patch"),
        );
        check("[dev-dependencies.hp]\npackage = 'hotpatch'", Some("hp"));
        check(
            "[target.'cfg(unix)'.dependencies]\nhp.package = 'hotpatch'",
            Some("hp"),
        );
        check(
            "[dependencies]\nhotpatch = { workspace = true }",
            Some("hotpatch"),
        );
    }

    #[test]
    fn other_packages_are_not_taken_for_it() {
        check(
            "[dependencies]\nhotpatch = { package = 'other' }\nhp.workspace = true",
            None,
        );
        check("[package]\nname = 'hotpatch'", None);
    }
    #[test]
    fn the_crate_for_modules_has_a_name_of_its_own() {
        let manifest =
            "[dependencies]\nhotpatch = '1'\nmods = { package = 'hotpatch-module', version = '1' }";
        let manifest = toml_span::parse(manifest).unwrap();
        assert_eq!(direct_name(&manifest, MODULES).as_deref(), Some("mods"));
        assert_eq!(direct_name(&manifest, FACADE).as_deref(), Some("hotpatch"));
    }
}
