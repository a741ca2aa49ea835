//! The tests of a binary, as its harness lists them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// All of them.
    pub(crate) all: BTreeSet<String>,
    /// Those that the user's arguments choose.
    pub(crate) chosen: BTreeSet<String>,
    /// Those that are marked `#[ignore]`.
    pub(crate) ignored: BTreeSet<String>,
}

impl Listing {
    /// Asks a harness; `command` makes the command that starts it.
    ///
    /// # Errors
    ///
    /// It cannot be started, or does not list its tests.
    pub(crate) fn ask(command: impl Fn() -> Command, choosing: &[OsString]) -> Result<Self> {
        let all = list(command(), &[])?;
        let ignored = list(command(), &["--ignored".into()])?;
        let chosen = match choosing {
            [] => all.clone(),
            choosing => list(command(), choosing)?,
        };
        Ok(Self { all, chosen, ignored })
    }
}

fn list(mut command: Command, args: &[OsString]) -> Result<BTreeSet<String>> {
    command
        .args(["--list", "--format", "terse"])
        .args(args)
        .stdin(Stdio::null());
    let program = command.get_program().to_owned();
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run `{}`", program.display()))?;
    if !output.status.success() {
        bail!(
            "`{}` does not list its tests: {}",
            program.display(),
            output.status
        );
    }
    Ok(parse(&String::from_utf8_lossy(&output.stdout)))
}

fn parse(list: &str) -> BTreeSet<String> {
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    names.map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_count() {
        let names = parse("tests::adds: test\nbench_it: benchmark\n\n2 tests, 1 benchmark\n");
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["tests::adds"]);
    }
}
