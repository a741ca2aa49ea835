//! Whether LLVM may make one function of several with the same code.
//!
//! It must not: instances of generic functions are known by their addresses, and functions that have one address today
//! may differ after the next edit.

use std::path::Path;
use std::process::Command;

use crate::rustc_args::RustcArgs;

/// The first LLVM in which a pass can be left out by its name.
const FIRST: u32 = 22;

/// The arguments that keep LLVM from it, where it would and where it can be told.
pub(super) fn flags(rustc: &Path, args: &RustcArgs) -> &'static [&'static str] {
    match merges(args) && llvm_version(rustc).is_some_and(|version| version >= FIRST) {
        true => &["-C", "llvm-args=-opt-disable=mergefunc"],
        false => &[],
    }
}

/// Whether functions are merged at this level of optimisation.
fn merges(args: &RustcArgs) -> bool {
    let level = args.codegen("opt-level").next_back().flatten();
    level.map_or(args.as_slice().iter().any(|arg| arg == "-O"), |level| {
        !matches!(level, "0" | "1")
    })
}

fn llvm_version(rustc: &Path) -> Option<u32> {
    let output = super::leave(&mut Command::new(rustc)).arg("-vV").output().ok()?;
    version(std::str::from_utf8(&output.stdout).ok()?)
}

/// `LLVM version: 22.1.2`.
fn version(text: &str) -> Option<u32> {
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_merged_from_level_2_on() {
        let check = |text: &str, expect| {
            let args = text.split_whitespace().map(String::from).collect();
            assert_eq!(merges(&RustcArgs::new(args)), expect, "{text}");
        };
        check("--crate-name a a.rs", false);
        check("-C opt-level=1", false);
        check("-C opt-level=3 -Copt-level=0", false);
        check("-C opt-level=3", true);
        check("-Copt-level=s", true);
        check("-O", true);
    }

    #[test]
    fn the_version_of_llvm_is_the_first_number() {
        assert_eq!(version("rustc 1.95.0\nLLVM version: 22.1.2\n"), Some(22));
        assert_eq!(version("rustc 1.95.0"), None);
    }
}
