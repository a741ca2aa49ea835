//! The programs that the user has put before rustc: the tool stands in their place and starts them itself.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::cargo_config::CargoConfig;

/// The wrapper of all crates and that of workspace members, where there are some.
pub(crate) fn configured(
    env: &BTreeMap<OsString, OsString>,
    config: &CargoConfig,
) -> (Option<OsString>, Option<OsString>) {
    let find = |variables: [&str; 2], key: &str| {
        let set = variables.iter().find_map(|name| env.get(OsStr::new(*name)));
        let found = set
            .cloned()
            .or_else(|| Some(config.program(&["build", key])?.into_os_string()));
        // An empty value takes back what the configuration says.
        found.filter(|program| !program.is_empty())
    };
    (
        find(["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"], "rustc-wrapper"),
        find(
            ["RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER"],
            "rustc-workspace-wrapper",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_comes_before_the_configuration() {
        let config =
            CargoConfig::of("[build]\nrustc-wrapper = 'sccache'\nrustc-workspace-wrapper = 'tools/rustc'");
        let check = |env: &[(&str, &str)], expected: [Option<&str>; 2]| {
            let env = env.iter().map(|(name, value)| (name.into(), value.into()));
            let (all, workspace) = configured(&env.collect(), &config);
            assert_eq!(
                [all.as_deref(), workspace.as_deref()],
                expected.map(|path| path.map(OsStr::new))
            );
        };
        check(&[], [Some("sccache"), Some("/w/tools/rustc")]);
        check(&[("RUSTC_WRAPPER", "")], [None, Some("/w/tools/rustc")]);
        check(
            &[
                ("CARGO_BUILD_RUSTC_WRAPPER", "x"),
                ("RUSTC_WORKSPACE_WRAPPER", "y"),
            ],
            [Some("x"), Some("y")],
        );
    }
}
