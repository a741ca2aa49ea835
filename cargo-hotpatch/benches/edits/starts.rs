//! A start without changes: `cargo hotpatch run` of a program that is built, until its process has attached.

use std::time::Instant;

use crate::example::Example;
use crate::samples::{Samples, since};

/// Starts the program and ends it again, and again. The first start is the first run, which does not count.
pub(crate) fn measure(example: &Example, starts: usize) -> Samples {
    let measured = (0..=starts).map(|_| {
        let start = Instant::now();
        let _running = example.start();
        since(start)
    });
    measured.skip(1).collect()
}
