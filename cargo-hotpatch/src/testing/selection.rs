//! The flags that choose which tests are built, with the names and meanings that `cargo test` gives them.

use std::ffi::OsString;

use clap::Args;

use crate::selection::Selection;

/// The flags.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TestSelection {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Test all packages in the workspace
    #[arg(long, alias = "all", help_heading = "Package Selection")]
    workspace: bool,
    /// Exclude packages from the test
    #[arg(
        long,
        value_name = "SPEC",
        help_heading = "Package Selection",
        requires = "workspace"
    )]
    exclude: Vec<String>,
    /// Test only this package's library
    #[arg(long, help_heading = "Target Selection")]
    lib: bool,
    /// Test all binaries
    #[arg(long, help_heading = "Target Selection")]
    bins: bool,
    /// Test all examples
    #[arg(long, help_heading = "Target Selection")]
    examples: bool,
    /// Test only the specified test target
    #[arg(long, value_name = "NAME", help_heading = "Target Selection")]
    test: Vec<String>,
    /// Test all targets that have `test = true` set
    #[arg(long, help_heading = "Target Selection")]
    tests: bool,
    /// Test all targets
    #[arg(long, help_heading = "Target Selection")]
    all_targets: bool,
}

impl TestSelection {
    /// The flags for `cargo test --no-run`.
    pub(crate) fn build_flags(&self) -> Vec<OsString> {
        let mut flags = self.selection.build_flags();
        let switches = [
            ("--workspace", self.workspace),
            ("--lib", self.lib),
            ("--bins", self.bins),
            ("--examples", self.examples),
            ("--tests", self.tests),
            ("--all-targets", self.all_targets),
        ];
        flags.extend(switches.iter().filter(|(_, on)| *on).map(|(flag, _)| flag.into()));
        let bin = self.selection.bin.iter().map(|name| ("--bin", name));
        let example = self.selection.example.iter().map(|name| ("--example", name));
        let tests = self.test.iter().map(|name| ("--test", name));
        let excluded = self.exclude.iter().map(|name| ("--exclude", name));
        for (flag, name) in bin.chain(example).chain(tests).chain(excluded) {
            flags.extend([flag.into(), name.into()]);
        }
        flags
    }
}
