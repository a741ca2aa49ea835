//! A rustc command line as cargo writes it: what it says, and how to say it again for another output folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Names one compilation among all of a target folder: crate name and `extra-filename`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct UnitKey(String);

impl UnitKey {
    /// The unit that a library file belongs to: `libgame-0123.rlib`, or the `.rmeta` and `.so` beside it.
    pub(crate) fn of_library(file: &Path) -> Option<Self> {
        let known = file
            .extension()
            .is_some_and(|kind| kind == "rlib" || kind == "rmeta" || kind == "so");
        let stem = file.file_stem()?.to_str()?.strip_prefix("lib")?;
        known.then(|| Self(stem.into()))
    }

    /// The key as written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The arguments, without the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RustcArgs(Vec<String>);

impl RustcArgs {
    /// The given arguments.
    pub(crate) fn new(args: Vec<String>) -> Self {
        Self(args)
    }

    /// All arguments.
    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Adds arguments.
    pub(crate) fn extend<'a>(&mut self, args: impl IntoIterator<Item = &'a str>) {
        self.0.extend(args.into_iter().map(String::from));
    }

    /// The values of an option, written `--name value` or `--name=value`.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0
            .iter()
            .enumerate()
            .filter_map(move |(index, arg)| match arg.strip_prefix(name)? {
                "" => self.0.get(index + 1).map(String::as_str),
                rest => rest.strip_prefix('='),
            })
    }

    /// The values of a codegen option, written `-C name=value` or `-Cname=value`; `None` where it has no value.
    pub(crate) fn codegen<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = Option<&'a str>> {
        let options = self
            .0
            .iter()
            .enumerate()
            .filter_map(|(index, arg)| match arg.as_str() {
                "-C" | "--codegen" => self.0.get(index + 1).map(String::as_str),
                arg => arg.strip_prefix("-C").or_else(|| arg.strip_prefix("--codegen=")),
            });
        options.filter_map(move |option| match option.split_once('=') {
            Some((key, value)) => (key == name).then_some(Some(value)),
            None => (option == name).then_some(None),
        })
    }

    /// `--crate-name`.
    pub(crate) fn crate_name(&self) -> Option<&str> {
        self.values("--crate-name").next()
    }

    /// The file that the crate begins with.
    pub(crate) fn source(&self) -> Option<&Path> {
        let is_value = |index: usize| {
            index > 0 && self.0[index - 1].starts_with('-') && !self.0[index - 1].contains('=')
        };
        let arguments = self.0.iter().enumerate();
        let mut files = arguments
            .filter(|(index, arg)| arg.ends_with(".rs") && !arg.starts_with('-') && !is_value(*index));
        files.next().map(|(_, arg)| Path::new(arg.as_str()))
    }

    /// All crate types.
    pub(crate) fn crate_types(&self) -> impl Iterator<Item = &str> {
        self.values("--crate-type").flat_map(|types| types.split(','))
    }

    /// Whether the output is linked.
    pub(crate) fn links(&self) -> bool {
        self.is_test()
            || self
                .crate_types()
                .any(|kind| ["bin", "cdylib", "dylib"].contains(&kind))
    }

    /// Whether a test harness is built.
    pub(crate) fn is_test(&self) -> bool {
        self.0.iter().any(|arg| arg == "--test")
    }

    /// Whether nothing is compiled.
    pub(crate) fn asks_for_information(&self) -> bool {
        let information =
            |arg: &String| arg == "-" || arg == "-vV" || arg == "-V" || arg.starts_with("--print");
        self.0.iter().any(information)
    }

    /// The unit that is compiled.
    pub(crate) fn key(&self) -> UnitKey {
        let extra = self
            .codegen("extra-filename")
            .next_back()
            .flatten()
            .unwrap_or_default();
        UnitKey(format!("{}{extra}", self.crate_name().unwrap_or_default()))
    }

    /// `--out-dir`.
    pub(crate) fn out_dir(&self) -> Option<&Path> {
        self.values("--out-dir").next_back().map(Path::new)
    }

    /// The files of the crates it depends on.
    pub(crate) fn extern_files(&self) -> impl Iterator<Item = &Path> {
        self.values("--extern")
            .filter_map(|value| value.split_once('='))
            .map(|(_, path)| Path::new(path))
    }

    /// The same compilation into another folder, with other files of the crates for which `replaced` knows one, and
    /// with the folders of those files searched first.
    pub(crate) fn redirected(&self, out_dir: &Path, replaced: impl Fn(&Path) -> Option<PathBuf>) -> Self {
        let redirect = |option: &str, value: &str| match option {
            "--out-dir" => Some(out_dir.display().to_string()),
            "--extern" => Some(redirected_extern(value, &replaced)),
            _ => None,
        };
        let mut args: Vec<String> = Vec::with_capacity(self.0.len());
        for (index, arg) in self.0.iter().enumerate() {
            let option = index.checked_sub(1).map_or("", |before| &self.0[before]);
            let joined = || {
                let (option, value) = arg.split_once('=')?;
                Some(format!("{option}={}", redirect(option, value)?))
            };
            args.push(
                redirect(option, arg)
                    .or_else(joined)
                    .unwrap_or_else(|| arg.clone()),
            );
        }
        Self(args)
    }
}

/// `[options:]name[=path]` with the path replaced.
fn redirected_extern(value: &str, replaced: impl Fn(&Path) -> Option<PathBuf>) -> String {
    let Some((name, path)) = value.split_once('=') else {
        return value.to_owned();
    };
    match replaced(Path::new(path)) {
        Some(path) => format!("{name}={}", path.display()),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> RustcArgs {
        RustcArgs::new(line.split_whitespace().map(String::from).collect())
    }

    const GAME: &str = "--crate-name game --edition=2024 src/main.rs --crate-type bin --emit=dep-info,link \
        -C extra-filename=-12ab --out-dir /t/deps -C linker=clang -Clinker=mold-cc -C incremental=/t/inc \
        -L dependency=/t/deps --extern world=/t/deps/libworld-34cd.rlib --extern priv:log=/t/deps/liblog-56ef.rlib";

    #[test]
    fn both_spellings_are_read() {
        let args = args(GAME);
        assert_eq!(args.crate_name(), Some("game"));
        assert_eq!(args.values("--edition").collect::<Vec<_>>(), ["2024"]);
        assert_eq!(
            args.codegen("linker").collect::<Vec<_>>(),
            [Some("clang"), Some("mold-cc")]
        );
        assert_eq!(args.key().as_str(), "game-12ab");
        assert!(args.links());
    }

    #[test]
    fn a_library_file_names_its_unit() {
        let key = |file: &str| UnitKey::of_library(Path::new(file)).map(|key| key.0);
        assert_eq!(key("/t/deps/libworld-34cd.rlib").as_deref(), Some("world-34cd"));
        assert_eq!(key("/t/deps/libworld-34cd.rmeta").as_deref(), Some("world-34cd"));
        assert_eq!(key("/t/deps/world-34cd.o"), None);
    }

    #[test]
    fn a_redirected_line_differs_only_in_folder_and_externs() {
        let replaced = |path: &Path| {
            path.ends_with("libworld-34cd.rlib")
                .then(|| "/s/libworld-34cd.rlib".into())
        };
        let expected = GAME
            .replace("--out-dir /t/deps", "--out-dir /s/out")
            .replace("/t/deps/libworld-34cd.rlib", "/s/libworld-34cd.rlib");
        assert_eq!(
            args(GAME).redirected(Path::new("/s/out"), replaced),
            args(&expected)
        );
        let joined = args("--out-dir=/t --extern=world=/t/deps/libworld-34cd.rlib --cfg a=b");
        let expected = args("--out-dir=/s/out --extern=world=/s/libworld-34cd.rlib --cfg a=b");
        assert_eq!(joined.redirected(Path::new("/s/out"), replaced), expected);
    }
}
