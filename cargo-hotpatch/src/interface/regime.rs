//! How much rustc tells other crates about the bodies of plain functions, as the command line of a compilation decides.

use crate::rustc_args::RustcArgs;

/// What other crates learn of a plain function beside its declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Regime {
    /// Nothing. Without optimisation, and in incremental compilation, rustc looks into no body for others.
    Declared,
    /// What rustc infers from the body: it may be inlined elsewhere without being asked to, and callers may know which
    /// arguments it leaves as they are. Neither concerns a function that must not be inlined and that is passed
    /// nothing in memory.
    Inferred,
    /// Maybe anything: options that are not known here.
    Unknown,
}

impl Regime {
    /// The regime of a compilation.
    pub(crate) fn of(args: &RustcArgs) -> Self {
        let has = |option: &str| args.codegen(option).next().is_some();
        let off = |value: Option<&str>| matches!(value, Some("off" | "no" | "n" | "false"));
        let crosses_crates = args.codegen("lto").next_back().is_some_and(|value| !off(value))
            || has("linker-plugin-lto")
            || has("instrument-coverage")
            || has("passes");
        let unstable = |arg: &String| arg.starts_with("-Z");
        if crosses_crates || args.as_slice().iter().any(unstable) {
            return Self::Unknown;
        }
        let level = args.codegen("opt-level").next_back().flatten().unwrap_or("0");
        let optimised = level != "0" || args.as_slice().iter().any(|arg| arg == "-O");
        if optimised && !has("incremental") {
            Self::Inferred
        } else {
            Self::Declared
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Regime) {
        let args = RustcArgs::new(line.split_whitespace().map(String::from).collect());
        assert_eq!(Regime::of(&args), expected, "{line}");
    }

    #[test]
    fn optimised_builds_infer_unless_they_are_incremental() {
        check("-C debuginfo=2", Regime::Declared);
        check("-C opt-level=3 -C incremental=/t/inc", Regime::Declared);
        check("-Copt-level=3 -C opt-level=0", Regime::Declared);
        check("-C opt-level=3 -C embed-bitcode=no -C lto=off", Regime::Inferred);
        check("-O", Regime::Inferred);
        check("-C opt-level=s", Regime::Inferred);
    }

    #[test]
    fn what_is_not_known_may_tell_everything() {
        check("-Z mir-opt-level=3", Regime::Unknown);
        check("-Zinline-mir", Regime::Unknown);
        check("-C lto=thin", Regime::Unknown);
        check("-C opt-level=3 -C linker-plugin-lto", Regime::Unknown);
    }
}
