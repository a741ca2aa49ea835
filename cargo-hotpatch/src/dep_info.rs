//! The dep-info file that rustc writes beside its output: which files a compilation read.

use std::path::{Path, PathBuf};

/// The files that a dep-info file names, made absolute with the folder that rustc ran in.
///
/// Every source has a rule of its own without prerequisites, `src/main.rs:`; those lines are the list.
pub(crate) fn sources(text: &str, cwd: &Path) -> Vec<PathBuf> {
    let rules = text.lines().filter(|line| !line.starts_with('#'));
    let names = rules
        .filter_map(|line| line.strip_suffix(':'))
        .filter(|name| !name.is_empty());
    names.map(|name| cwd.join(unescape(name))).collect()
}

/// The variables that a dep-info file names: those that the sources read with `env!` and `option_env!`.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = &str> {
    let named = text.lines().filter_map(|line| line.strip_prefix("# env-dep:"));
    named.map(|line| line.split_once('=').map_or(line, |(name, _)| name))
}

fn unescape(name: &str) -> String {
    name.replace("\\ ", " ").replace("$$", "$").replace("\\#", "#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_included_files_and_spaces() {
        let text = "/t/game-12.d: src/main.rs src/my\\ level.txt /abs/x.rs\n\n/t/game-12: src/main.rs\n\n\
                    src/main.rs:\nsrc/my\\ level.txt:\n/abs/x.rs:\n\n# env-dep:CARGO_PKG_NAME=game:\n";
        let expected = ["/w/src/main.rs", "/w/src/my level.txt", "/abs/x.rs"];
        assert_eq!(sources(text, Path::new("/w")), expected.map(PathBuf::from));
    }

    #[test]
    fn variables_with_and_without_a_value() {
        let text = "src/main.rs:\n\n# env-dep:CARGO_PKG_NAME=game=1\n# env-dep:TAG\n";
        assert_eq!(variables(text).collect::<Vec<_>>(), ["CARGO_PKG_NAME", "TAG"]);
    }
}
