//! The flags that choose what is built, with the names and meanings that cargo gives them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::terminal::Terminal;

/// The flags.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Package with the target to run
    #[arg(short, long, value_name = "SPEC", help_heading = "Package Selection")]
    pub(crate) package: Option<String>,
    /// Name of the bin target to run
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Target Selection",
        conflicts_with = "example"
    )]
    pub(crate) bin: Option<String>,
    /// Name of the example target to run
    #[arg(long, value_name = "NAME", help_heading = "Target Selection")]
    pub(crate) example: Option<String>,
    /// Space or comma separated list of features to activate
    #[arg(
        short = 'F',
        long,
        value_name = "FEATURES",
        help_heading = "Feature Selection"
    )]
    pub(crate) features: Vec<String>,
    /// Activate all available features
    #[arg(long, help_heading = "Feature Selection")]
    pub(crate) all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long, help_heading = "Feature Selection")]
    pub(crate) no_default_features: bool,
    /// Build in release mode, with optimizations
    #[arg(short, long, help_heading = "Compilation Options", conflicts_with = "profile")]
    pub(crate) release: bool,
    /// Build with the specified profile
    #[arg(long, value_name = "PROFILE-NAME", help_heading = "Compilation Options")]
    pub(crate) profile: Option<String>,
    /// Build for the target triple
    #[arg(long, value_name = "TRIPLE", help_heading = "Compilation Options")]
    pub(crate) target: Option<String>,
    /// Directory for all generated artifacts; the tool uses its subfolder `hotpatch`
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath, help_heading = "Compilation Options")]
    pub(crate) target_dir: Option<PathBuf>,
    /// Number of parallel jobs, defaults to # of CPUs
    #[arg(short, long, value_name = "N", help_heading = "Compilation Options")]
    pub(crate) jobs: Option<String>,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Manifest Options")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long, help_heading = "Manifest Options")]
    pub(crate) locked: bool,
    /// Run without accessing the network
    #[arg(long, help_heading = "Manifest Options")]
    pub(crate) offline: bool,
    /// Equivalent to specifying both --locked and --offline
    #[arg(long, help_heading = "Manifest Options")]
    pub(crate) frozen: bool,
    /// Ignore `rust-version` specification in packages
    #[arg(long, help_heading = "Manifest Options")]
    pub(crate) ignore_rust_version: bool,
    /// Override a configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    pub(crate) config: Vec<String>,
    /// Unstable (nightly-only) flags to Cargo
    #[arg(short = 'Z', value_name = "FLAG")]
    pub(crate) unstable: Vec<String>,
    /// Use verbose output (-vv very verbose/build.rs output)
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Do not print status messages
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Format of diagnostics: for people on standard error, or as cargo's messages for editors on standard output
    #[arg(long, value_name = "FMT", value_parser = ["human", "json"])]
    pub(crate) message_format: Option<String>,
    /// Coloring
    #[arg(long, value_name = "WHEN", value_parser = ["auto", "always", "never"])]
    pub(crate) color: Option<String>,
}

impl Selection {
    /// The flags that every cargo command takes.
    pub(crate) fn manifest_flags(&self) -> Vec<OsString> {
        let mut flags = Flags::default();
        flags.option("--manifest-path", self.manifest_path.as_ref());
        flags
            .switch("--locked", self.locked)
            .switch("--offline", self.offline)
            .switch("--frozen", self.frozen);
        flags.option("--color", self.color.as_ref());
        flags.0.extend(self.configuration_flags());
        flags.0
    }

    /// The flags that change the configuration.
    pub(crate) fn configuration_flags(&self) -> Vec<OsString> {
        let mut flags = Flags::default();
        for value in &self.config {
            flags.option("--config", Some(value));
        }
        for flag in &self.unstable {
            flags.option("-Z", Some(flag));
        }
        flags.0
    }

    /// The flags that choose features.
    pub(crate) fn feature_flags(&self) -> Vec<OsString> {
        let mut flags = Flags::default();
        for features in &self.features {
            flags.option("--features", Some(features));
        }
        flags.switch("--all-features", self.all_features);
        flags.switch("--no-default-features", self.no_default_features);
        flags.0
    }

    /// The flags for `cargo build`, without the target to build.
    pub(crate) fn build_flags(&self) -> Vec<OsString> {
        let mut flags = Flags(self.manifest_flags());
        flags.0.extend(self.feature_flags());
        flags.option("--package", self.package.as_ref());
        flags.switch("--release", self.release);
        flags
            .option("--profile", self.profile.as_ref())
            .option("--target", self.target.as_ref())
            .option("--jobs", self.jobs.as_ref());
        flags
            .switch("--ignore-rust-version", self.ignore_rust_version)
            .switch("--quiet", self.quiet);
        flags.0.extend(std::iter::repeat_n(
            OsString::from("--verbose"),
            self.verbose.into(),
        ));
        flags.0
    }

    /// The terminal as `--quiet` and `--color` want it.
    pub(crate) fn terminal(&self) -> Terminal {
        use anstream::ColorChoice;
        match self.color.as_deref() {
            Some("always") => ColorChoice::Always.write_global(),
            Some("never") => ColorChoice::Never.write_global(),
            _ => {}
        }
        if self.quiet {
            Terminal::quiet()
        } else {
            Terminal::new()
        }
    }

    /// Whether diagnostics are for programs.
    pub(crate) fn wants_messages(&self) -> bool {
        self.message_format.as_deref() == Some("json")
    }

    /// The name of the profile.
    pub(crate) fn profile_name(&self) -> &str {
        self.profile
            .as_deref()
            .unwrap_or(if self.release { "release" } else { "dev" })
    }
}

#[derive(Default)]
struct Flags(Vec<OsString>);

impl Flags {
    fn switch(&mut self, name: &str, on: bool) -> &mut Self {
        self.0.extend(on.then(|| name.into()));
        self
    }

    fn option(&mut self, name: &str, value: Option<&impl AsRef<std::ffi::OsStr>>) -> &mut Self {
        if let Some(value) = value {
            self.0.extend([name.into(), value.as_ref().into()]);
        }
        self
    }
}
