//! The first build: `cargo hotpatch build` beside plain `cargo build`, each from an empty target folder. And a start
//! without changes: `cargo hotpatch run` of a program that is built, until its process has attached.

use std::process::Command;
use std::time::Instant;

use crate::example::Example;
use crate::samples::{Samples, duration_of, since};

/// What the builds took.
#[derive(Default)]
pub(crate) struct Builds {
    pub(crate) plain: Samples,
    pub(crate) hotpatch: Samples,
    /// `hotpatch` by `plain`, in the same pair.
    pub(crate) ratio: Samples,
}

/// Builds in pairs that take turns in who goes first. The last `cargo hotpatch build` stays, in the example's own
/// target folder.
pub(crate) fn measure_first(example: &Example, pairs: usize) -> Builds {
    let mut builds = Builds::default();
    for pair in 0..pairs {
        let plain = || {
            let ms = build(example, example.cargo(), "target-plain");
            let _ = std::fs::remove_dir_all(example.project.path("target-plain"));
            ms
        };
        let hotpatch = || {
            let _ = std::fs::remove_dir_all(example.target());
            build(example, example.project.hotpatch(&[]), "target")
        };
        let (plain, hotpatch) = if pair % 2 == 0 {
            let plain = plain();
            (plain, hotpatch())
        } else {
            let hotpatch = hotpatch();
            (plain(), hotpatch)
        };
        builds.plain.push(plain);
        builds.hotpatch.push(hotpatch);
        builds.ratio.push(hotpatch / plain);
    }
    builds
}

/// Starts the program and ends it again, and again. The start after the build is the first run, which does not count.
pub(crate) fn measure_starts(example: &Example, starts: usize) -> Samples {
    let measured = (0..=starts).map(|_| {
        let start = Instant::now();
        let _running = example.start();
        since(start)
    });
    measured.skip(1).collect()
}

fn build(example: &Example, mut command: Command, target: &str) -> f64 {
    assert!(!example.project.path(target).exists());
    command.args(["build", "--target-dir", target]);
    duration_of(&mut command)
}
