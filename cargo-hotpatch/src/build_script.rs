//! What the build script of a package told cargo to watch.

use std::path::{Path, PathBuf};

use crate::capture::Capture;

/// The files and folders whose change runs the build script of the unit's package again. Some may not exist.
pub(crate) fn inputs(unit: &Capture) -> Vec<PathBuf> {
    let Some(package) = unit.manifest_dir() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in values(unit, "rerun-if-changed") {
        add(&package.join(path), &mut found);
    }
    found
}

/// The variables whose change runs the build script of the unit's package again.
pub(crate) fn variables(unit: &Capture) -> Vec<String> {
    values(unit, "rerun-if-env-changed")
}

/// A path, and where it is a folder everything in it.
fn add(path: &Path, found: &mut Vec<PathBuf>) {
    found.push(path.to_owned());
    let is_folder = path.is_dir() && !path.is_symlink();
    let entries = is_folder.then(|| std::fs::read_dir(path).ok()).flatten();
    for entry in entries.into_iter().flatten().flatten() {
        add(&entry.path(), found);
    }
}

fn values(unit: &Capture, key: &str) -> Vec<String> {
    let Some(out_dir) = unit.env.get("OUT_DIR") else {
        return Vec::new();
    };
    let output = Path::new(out_dir).with_file_name("output");
    let text = std::fs::read_to_string(output).unwrap_or_default();
    let value = |line: &str| {
        let line = line
            .strip_prefix("cargo::")
            .or_else(|| line.strip_prefix("cargo:"))?;
        let value = line.strip_prefix(key)?.strip_prefix('=')?;
        Some(value.trim_end().to_owned())
    };
    text.lines().filter_map(value).collect()
}
