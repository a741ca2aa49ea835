//! Whether the program uses hotpatch.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::Stdio;

use cargo_metadata::{Metadata, MetadataCommand};

use super::finding::Finding;
use crate::cargo::cargo;
use crate::selection::Selection;

/// Checks the dependency tree.
pub(super) fn check(selection: &Selection, env: &BTreeMap<OsString, OsString>) -> Finding {
    let output = cargo(env)
        .args(["metadata", "--format-version=1"])
        .args(selection.manifest_flags())
        .args(selection.feature_flags())
        .stderr(Stdio::inherit())
        .output();
    let text = output
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok());
    match text.and_then(|text| MetadataCommand::parse(text).ok()) {
        Some(metadata) => hotpatch(&metadata),
        None => Finding::error(
            "cargo cannot resolve the dependencies",
            "run `cargo metadata` and mend what it says",
        ),
    }
}

fn hotpatch(metadata: &Metadata) -> Finding {
    let packages = metadata
        .packages
        .iter()
        .filter(|package| package.name == "hotpatch");
    let Some(package) = packages.max_by_key(|package| &package.version) else {
        return Finding::error(
            "the workspace does not depend on `hotpatch`",
            "run `cargo add hotpatch`",
        );
    };
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let mut features = nodes
        .filter(|node| node.id == package.id)
        .flat_map(|node| &node.features);
    if features.any(|feature| **feature == "enabled") {
        Finding::good(format!("hotpatch {} is enabled", package.version))
    } else {
        Finding::error(
            format!(
                "hotpatch {} is there, and its feature `enabled` is off",
                package.version
            ),
            "remove `default-features = false`, or turn the feature on for this build with `--features`",
        )
    }
}
