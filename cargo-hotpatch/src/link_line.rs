//! The link line of a program: how it is rewritten so that patches find everything they may need.
//!
//! Patches are bound to what the program contains. So nothing is dropped: neither unused sections nor unused members
//! of the libraries, and the program gets a build id by which a patch knows it.

use std::ffi::OsString;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::build_id::BuildId;

/// Asks for a build id of what is linked.
const BUILD_ID: &str = "--build-id=sha1";

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
            line.extend(without_folding(arg));
        }
    }
    if whole {
        line.push(dialect.option("--no-whole-archive"));
    }
    if extent != Extent::UsedSections {
        line.push(dialect.option("--no-gc-sections"));
    }
    line.push(dialect.option(BUILD_ID));
    // Code that a patch brings may call into libm, which the loader must then have loaded with the program.
    line.extend(["--push-state", "-Bdynamic", "--no-as-needed"].map(|option| dialect.option(option)));
    line.push("-lm".into());
    line.push(dialect.option("--pop-state"));
    line
}

/// An argument without what makes the linker give functions of equal code one address: they are told apart by it, and
/// may differ after the next edit.
fn without_folding(arg: &OsString) -> Option<OsString> {
    let text = arg.to_str().unwrap_or_default();
    let folds = |option: &str| option.trim_start_matches('-').starts_with("icf=");
    match text.strip_prefix("-Wl,") {
        Some(options) if options.split(',').any(folds) => {
            let kept: Vec<_> = options.split(',').filter(|option| !folds(option)).collect();
            (!kept.is_empty()).then(|| format!("-Wl,{}", kept.join(",")).into())
        }
        None if text.starts_with('-') && folds(text) => None,
        _ => Some(arg.clone()),
    }
}

/// A line that keeps the symbols. `None` if this one does anyway.
pub(crate) fn unstripped(args: &[OsString]) -> Option<Vec<OsString>> {
    let kept: Vec<_> = args.iter().filter(|arg| !strips(arg)).cloned().collect();
    (kept.len() < args.len()).then_some(kept)
}

fn strips(arg: &OsString) -> bool {
    const SYMBOLS_OR_DEBUG: [&str; 4] = ["--strip-all", "--strip-debug", "-s", "-S"];
    let text = arg.to_str().unwrap_or_default();
    // A compiler that drives the linker takes `-S` for itself: it would write assembly.
    text == "-s"
        || text == "--strip-all"
        || text == "--strip-debug"
        || text
            .strip_prefix("-Wl,")
            .is_some_and(|option| SYMBOLS_OR_DEBUG.contains(&option))
}

/// A rewritten line that gives the program this build id instead of one of its own.
pub(crate) fn identified(mut line: Vec<OsString>, linker: &Path, build_id: &BuildId) -> Vec<OsString> {
    let dialect = Dialect::of(linker);
    let own = dialect.option(BUILD_ID);
    for arg in line.iter_mut().filter(|arg| **arg == own) {
        *arg = dialect.option(&format!("--build-id=0x{build_id}"));
    }
    line
}

/// A line with another output.
pub(crate) fn redirected(mut line: Vec<OsString>, output: &Path) -> Vec<OsString> {
    if let Some(at) = line.iter().position(|arg| arg == "-o")
        && let Some(path) = line.get_mut(at + 1)
    {
        *path = output.into();
    }
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
    fn functions_of_equal_code_are_not_folded() {
        let kept = |arg: &str| without_folding(&arg.into());
        assert_eq!(kept("-Wl,--icf=all"), None);
        assert_eq!(kept("--icf=safe"), None);
        assert_eq!(kept("-Wl,-O1,--icf=all,-z,now"), Some("-Wl,-O1,-z,now".into()));
        assert_eq!(kept("-Wl,-O1"), Some("-Wl,-O1".into()));
        assert_eq!(kept("icf=all"), Some("icf=all".into()));
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
    fn a_line_that_strips_has_one_that_does_not() {
        let line = |text: &str| text.split_whitespace().map(OsString::from).collect::<Vec<_>>();
        for strip in [
            "-Wl,--strip-all",
            "-Wl,--strip-debug",
            "-s",
            "--strip-all",
            "-Wl,-s",
        ] {
            let kept = unstripped(&line(&format!("a.rcgu.o {strip} -o a")));
            assert_eq!(kept, Some(line("a.rcgu.o -o a")), "{strip}");
        }
        assert_eq!(unstripped(&line("a.rcgu.o -o a")), None);
        let (cc, id) = (Path::new("cc"), BuildId::from_bytes(&[0xab, 0x01]));
        let identified = identified(line("-Wl,--build-id=sha1 -o a"), cc, &id);
        assert_eq!(
            redirected(identified, Path::new("b")),
            line("-Wl,--build-id=0xab01 -o b")
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
