//! Which files choose the toolchain, and what they said when the tool was started.
//!
//! `cargo hotpatch` begins as the `cargo` of rustup, which chooses a toolchain once and hands its choice on in the
//! environment. A later build of the same session follows the files again where they have changed since.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

const CHOICE: &str = "RUSTUP_TOOLCHAIN";
/// Where the choice comes from, as rustup says.
const SOURCE: &str = "RUSTUP_TOOLCHAIN_SOURCE";

type Env = BTreeMap<OsString, OsString>;

/// The files that choose, with their content; `None` for those that do not exist.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToolchainChoice(Vec<(PathBuf, Option<Vec<u8>>)>);

impl ToolchainChoice {
    /// The files that choose the toolchain for commands in `cwd`. There are none where the user has named a toolchain
    /// for this command.
    pub(crate) fn new(env: &Env, cwd: &Path) -> Self {
        let source = env.get(OsStr::new(SOURCE)).and_then(|source| source.to_str());
        if matches!(source, Some("cli" | "env")) {
            return Self::default();
        }
        let names = ["rust-toolchain", "rust-toolchain.toml"];
        let files = cwd
            .ancestors()
            .flat_map(|folder| names.map(|name| folder.join(name)));
        let settings = rustup_home(env).map(|home| home.join("settings.toml"));
        let with_content = |path: PathBuf| {
            let content = std::fs::read(&path).ok();
            (path, content)
        };
        Self(files.chain(settings).map(with_content).collect())
    }

    /// The files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|(path, _)| path.as_path())
    }

    /// The environment for a build now: without rustup's choice where that came from files that have changed.
    pub(crate) fn environment(&self, env: &Env) -> Env {
        let mut env = env.clone();
        let changed = self
            .0
            .iter()
            .any(|(path, content)| std::fs::read(path).ok() != *content);
        if changed && env.contains_key(OsStr::new(SOURCE)) {
            env.remove(OsStr::new(SOURCE));
            let chosen = env.remove(OsStr::new(CHOICE));
            let is_of_choice = |cargo: &OsString| {
                chosen
                    .as_deref()
                    .is_some_and(|chosen| Path::new(cargo).iter().any(|part| part == chosen))
            };
            if env.get(OsStr::new("CARGO")).is_some_and(is_of_choice) {
                env.remove(OsStr::new("CARGO"));
            }
        }
        env
    }
}

fn rustup_home(env: &Env) -> Option<PathBuf> {
    let home = env.get(OsStr::new("RUSTUP_HOME")).map(PathBuf::from);
    home.or_else(|| Some(std::env::home_dir()?.join(".rustup")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(source: &str) -> Env {
        let cargo = "/home/u/.rustup/toolchains/stable-x/bin/cargo";
        [
            (CHOICE, "stable-x"),
            (SOURCE, source),
            ("CARGO", cargo),
            ("PATH", "/bin"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
    }

    #[test]
    fn a_changed_file_chooses_anew() {
        let dir = tempfile::tempdir().unwrap();
        let env = env("default");
        let choice = ToolchainChoice::new(&env, dir.path());
        assert_eq!(choice.environment(&env), env);
        std::fs::write(
            dir.path().join("rust-toolchain.toml"),
            "[toolchain]\nchannel = 'nightly'",
        )
        .unwrap();
        let expected = [("PATH", "/bin")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(choice.environment(&env), expected.into());
    }

    #[test]
    fn files_have_no_say_when_the_user_named_a_toolchain() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(ToolchainChoice::new(&env("cli"), dir.path()).files().count(), 0);
    }
}
