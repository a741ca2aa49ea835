//! hot-lib-reloader 0.8: a function of a library, which `rustc` makes when the benchmark starts.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::measure::calls::body;
use crate::measure::rounds::{Candidate, candidate, time};
use crate::support;

pub(crate) const CALL: &str = "function of a `hot_module` (hot-lib-reloader 0.8.2)";

/// The same as [`body`].
const LIBRARY: &str = "#[unsafe(no_mangle)] pub fn hot(x: u64) -> u64 { x.wrapping_mul(3) ^ 1 }";

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = support::folder();
    let source = folder.path().join("peer.rs");
    std::fs::write(&source, LIBRARY).unwrap();
    let status = Command::new("rustc")
        .args([
            "--edition=2024",
            "--crate-type=dylib",
            "-Copt-level=3",
            "-Cprefer-dynamic=no",
            "-o",
        ])
        .args([&folder.path().join("libpeer.so"), &source])
        .status();
    assert!(status.expect("rustc").success());
    folder
});

fn folder() -> &'static Path {
    FOLDER.path()
}

// It would look for a new library every half second by default.
#[::hot_lib_reloader::hot_module(dylib = "peer", lib_dir = super::folder(), file_watch_debounce = 3_600_000)]
#[allow(
    static_mut_refs,
    clippy::undocumented_unsafe_blocks,
    reason = "the macro writes this module"
)]
mod module {
    #[hot_functions]
    extern "Rust" {
        pub fn hot(x: u64) -> u64;
    }
}

pub(crate) fn candidates() -> Vec<Candidate> {
    assert_eq!(module::hot(5), body(5));
    vec![candidate(CALL, || time(module::hot))]
}
