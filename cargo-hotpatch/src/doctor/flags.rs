//! The flags that go to every rustc.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::finding::Finding;
use crate::obstacle::Obstacle;
use crate::settings::{CargoConfig, rustflags};

/// Checks the flags.
pub(super) fn check(env: &BTreeMap<OsString, OsString>, config: &CargoConfig) -> Option<Finding> {
    let flags = rustflags::configured(env, config);
    let Some(obstacle) = Obstacle::of(&flags) else {
        let shown = flags.as_slice().join(" ");
        return (!shown.is_empty()).then(|| Finding::good(format!("`{shown}` can be patched")));
    };
    Some(Finding::error(obstacle.to_string(), obstacle.help()))
}
