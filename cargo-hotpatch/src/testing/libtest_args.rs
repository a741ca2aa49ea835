//! The arguments for the harness: which of them choose tests, and which say how tests run.

use std::ffi::OsString;

/// Options whose value is the next argument.
const WITH_VALUE: [&str; 7] = [
    "--skip",
    "--test-threads",
    "--logfile",
    "--color",
    "--format",
    "--shuffle-seed",
    "-Z",
];

/// The arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct LibtestArgs {
    /// As the user wrote them.
    pub(crate) all: Vec<OsString>,
    /// Those that choose tests.
    pub(crate) choosing: Vec<OsString>,
    /// The others, and whether ignored tests run.
    running: Vec<OsString>,
}

impl LibtestArgs {
    /// Takes them apart.
    pub(crate) fn new(all: Vec<OsString>) -> Self {
        let mut args = Self::default();
        let mut rest = all.iter().cloned();
        while let Some(arg) = rest.next() {
            let text = arg.to_string_lossy().into_owned();
            let name = text.split('=').next().unwrap_or_default();
            let value = (WITH_VALUE.contains(&&*text)).then(|| rest.next()).flatten();
            let chooses = !text.starts_with('-') || name == "--skip" || name == "--exact";
            let is_about_ignored = name == "--ignored" || name == "--include-ignored";
            if chooses || is_about_ignored {
                args.choosing.push(arg.clone());
                args.choosing.extend(value.clone());
            }
            if !chooses {
                args.running.push(arg);
                args.running.extend(value);
            }
        }
        args.all = all;
        args
    }

    /// Whether tests that are marked `#[ignore]` run.
    pub(crate) fn runs_ignored(&self) -> bool {
        let flags = ["--ignored", "--include-ignored"];
        self.running
            .iter()
            .any(|arg| flags.iter().any(|flag| arg == flag))
    }

    /// The arguments that run these tests and no others, in the way the user wants.
    pub(crate) fn only<'a>(&self, tests: impl IntoIterator<Item = &'a String>) -> Vec<OsString> {
        let mut args = self.running.clone();
        args.push("--exact".into());
        args.extend(tests.into_iter().map(OsString::from));
        args
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chooses_tests_is_told_from_what_runs_them() {
        let line = "parse --skip slow --test-threads 2 --nocapture --include-ignored --format=terse";
        let args = LibtestArgs::new(line.split(' ').map(OsString::from).collect());
        assert_eq!(args.choosing, ["parse", "--skip", "slow", "--include-ignored"]);
        assert_eq!(
            args.only(&["a::b".to_owned()]),
            [
                "--test-threads",
                "2",
                "--nocapture",
                "--include-ignored",
                "--format=terse",
                "--exact",
                "a::b"
            ]
        );
    }
}
