//! What a process does with bytes of others, as functions of those bytes: the targets of the fuzzers.
//!
//! Each target exists once. `cargo fuzz` runs it with libFuzzer (`fuzz/`), and the tests of this crate run it over the
//! seeds and their mutations. A target panics if a promise is broken. Part of no program: neither `test` nor `fuzzing`
//! is set in one.

mod allocator;
mod decoding;
mod linking;
mod stream;
#[cfg(test)]
mod tests;

pub use decoding::{frames, manifest, patch_file};
pub use linking::{layout, plan};
pub use stream::client;

/// What is fuzzed.
pub type Target = fn(&[u8]);

/// The targets with their names, which are also those of their folders of seeds.
pub const TARGETS: [(&str, Target); 6] = [
    ("manifest", manifest),
    ("patch_file", patch_file),
    ("frames", frames),
    ("layout", layout),
    ("plan", plan),
    ("client", client),
];
