//! The link line of a program: how it is rewritten so that patches find everything they may need.
//!
//! Patches are bound to what the program contains. So nothing is dropped: neither unused sections nor unused members
//! of the libraries, and the program gets a build id by which a patch knows it.

use std::ffi::OsString;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// How much of the libraries becomes part of the program. Less, where more cannot be linked: a library may hold
/// functions that nobody calls and that call what does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Extent {
    /// Everything: patches can call functions that the program never called.
    WholeLibraries,
    /// The object files that the program uses.
    UsedMembers,
    /// The functions that the program uses.
    UsedSections,
}

impl Extent {
    /// From everything to the least.
    pub(crate) const ALL: [Self; 3] = [Self::WholeLibraries, Self::UsedMembers, Self::UsedSections];
}

/// How options for the linker proper are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// For a C compiler that drives the linker: `-Wl,--option`.
    Driver,
    /// For the linker itself: `--option`.
    Linker,
}

impl Dialect {
    fn of(linker: &Path) -> Self {
        let name = linker
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let bare = ["ld", "lld", "mold", "wild"].iter().any(|ld| {
            let stem = name.strip_suffix(".exe").unwrap_or(name);
            stem == *ld || stem.starts_with(&format!("{ld}.")) || stem.ends_with(&format!("-{ld}"))
        });
        if bare { Self::Linker } else { Self::Driver }
    }

    fn option(self, option: &str) -> OsString {
        match self {
            Self::Driver => format!("-Wl,{option}").into(),
            Self::Linker => option.into(),
        }
    }
}

/// The line that makes a program that can be patched.
pub(crate) fn rewritten(args: &[OsString], linker: &Path, extent: Extent) -> Vec<OsString> {
    let dialect = Dialect::of(linker);
    let mut line = Vec::with_capacity(args.len() + 16);
    let mut whole = false;
    for arg in args {
        let wanted = extent == Extent::WholeLibraries && is_rlib(arg);
        if wanted != whole {
            line.push(dialect.option(if wanted {
                "--whole-archive"
            } else {
                "--no-whole-archive"
            }));
            whole = wanted;
        }
        if extent == Extent::UsedSections || *arg != dialect.option("--gc-sections") {
            line.push(arg.clone());
        }
    }
    if whole {
        line.push(dialect.option("--no-whole-archive"));
    }
    if extent != Extent::UsedSections {
        line.push(dialect.option("--no-gc-sections"));
    }
    line.push(dialect.option("--build-id=sha1"));
    // Code that a patch brings may call into libm, which the loader must then have loaded with the program.
    line.extend(["--push-state", "-Bdynamic", "--no-as-needed"].map(|option| dialect.option(option)));
    line.push("-lm".into());
    line.push(dialect.option("--pop-state"));
    line
}

/// The output of a link line.
pub(crate) fn output(args: &[OsString]) -> Option<&Path> {
    let at = args.iter().position(|arg| arg == "-o")?;
    args.get(at + 1).map(Path::new)
}

/// The libraries of a link line.
pub(crate) fn rlibs(args: &[OsString]) -> impl Iterator<Item = &Path> {
    args.iter().filter(|arg| is_rlib(arg)).map(Path::new)
}

/// The objects of the program's own crate on a link line.
pub(crate) fn objects(args: &[OsString]) -> impl Iterator<Item = &Path> {
    args.iter()
        .filter(|arg| arg.as_encoded_bytes().ends_with(b".rcgu.o"))
        .map(Path::new)
}

fn is_rlib(arg: &OsString) -> bool {
    arg.as_encoded_bytes().ends_with(b".rlib") && !arg.as_encoded_bytes().starts_with(b"-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(linker: &str, extent: Extent, line: &str, expected: &str) {
        let args: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let expected: Vec<OsString> = expected.split_whitespace().map(OsString::from).collect();
        assert_eq!(rewritten(&args, Path::new(linker), extent), expected);
    }

    #[test]
    fn runs_of_libraries_are_linked_whole() {
        check(
            "cc",
            Extent::WholeLibraries,
            "a.rcgu.o liba.rlib libb.rlib -Wl,-Bstatic libc.rlib -Wl,--gc-sections -pie -o a",
            "a.rcgu.o -Wl,--whole-archive liba.rlib libb.rlib -Wl,--no-whole-archive -Wl,-Bstatic -Wl,--whole-archive \
             libc.rlib -Wl,--no-whole-archive -pie -o a -Wl,--no-gc-sections -Wl,--build-id=sha1 -Wl,--push-state \
             -Wl,-Bdynamic -Wl,--no-as-needed -lm -Wl,--pop-state",
        );
    }

    #[test]
    fn a_bare_linker_gets_bare_options() {
        check(
            "/opt/bin/ld.lld",
            Extent::UsedMembers,
            "a.rcgu.o liba.rlib --gc-sections",
            "a.rcgu.o liba.rlib --no-gc-sections --build-id=sha1 --push-state -Bdynamic --no-as-needed -lm --pop-state",
        );
    }

    #[test]
    fn the_last_resort_is_what_rustc_asked_for() {
        check(
            "cc",
            Extent::UsedSections,
            "a.rcgu.o liba.rlib -Wl,--gc-sections",
            "a.rcgu.o liba.rlib -Wl,--gc-sections -Wl,--build-id=sha1 -Wl,--push-state -Wl,-Bdynamic \
             -Wl,--no-as-needed -lm -Wl,--pop-state",
        );
    }

    #[test]
    fn drivers_and_linkers_are_told_apart() {
        for driver in ["cc", "gcc-12", "clang", "x86_64-linux-gnu-gcc", "/opt/cc-wrapper"] {
            assert_eq!(Dialect::of(Path::new(driver)), Dialect::Driver, "{driver}");
        }
        for linker in [
            "ld",
            "rust-lld",
            "ld.lld",
            "x86_64-linux-gnu-ld",
            "mold",
            "ld.bfd",
        ] {
            assert_eq!(Dialect::of(Path::new(linker)), Dialect::Linker, "{linker}");
        }
    }
}
