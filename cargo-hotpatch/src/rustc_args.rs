//! A rustc command line as cargo writes it: what it says, and how to say it again for another output folder.

use std::path::{Path, PathBuf};

use hotpatch_abi::checksum::checksum;
use serde::{Deserialize, Serialize};

/// Between the stem of a key and the mark of its folder.
const IN_FOLDER: char = '@';

/// Names one compilation among all of a target folder: crate name and `extra-filename`.
///
/// Cargo leaves `extra-filename` out for crates that are also shared libraries. Their files have the same name in the
/// folder of every profile, so the folder is part of the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct UnitKey(String);

impl UnitKey {
    /// The unit that a library file belongs to: `libgame-0123.rlib`, or the `.rmeta` and `.so` beside it.
    pub(crate) fn of_library(file: &Path) -> Option<Self> {
        let known = file
            .extension()
            .is_some_and(|kind| kind == "rlib" || kind == "rmeta" || kind == "so");
        let stem = file.file_stem()?.to_str()?.strip_prefix("lib")?;
        known.then(|| Self::new(stem.into(), file.parent()))
    }

    fn new(stem: String, folder: Option<&Path>) -> Self {
        // A crate name has no hyphen.
        match folder.filter(|_| !stem.contains('-')) {
            Some(folder) => {
                let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
                let mark = checksum(0, folder.as_os_str().as_encoded_bytes());
                Self(format!("{stem}{IN_FOLDER}{mark:016x}"))
            }
            None => Self(stem),
        }
    }

    /// The key as written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What the names of its files begin with: after `lib`, if it is a library.
    pub(crate) fn stem(&self) -> &str {
        self.0.split(IN_FOLDER).next().unwrap_or_default()
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

    /// The values of an option that are written right behind its name.
    pub(crate) fn joined<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        let behind = move |arg: &'a String| arg.strip_prefix(name).filter(|rest| !rest.is_empty());
        self.0.iter().filter_map(behind)
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
        let is_shared = |kind| ["cdylib", "dylib"].contains(&kind);
        self.makes_program() || self.crate_types().any(is_shared)
    }

    /// Whether the output is a program. It is where no type is given, as for a test target without a harness.
    pub(crate) fn makes_program(&self) -> bool {
        let mut types = self.crate_types().peekable();
        self.is_test() || types.peek().is_none() || types.any(|kind| kind == "bin")
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
        let stem = format!("{}{extra}", self.crate_name().unwrap_or_default());
        UnitKey::new(stem, self.out_dir())
    }

    /// Whether the crate lies on this machine. Cargo silences the lints of all others.
    pub(crate) fn is_local(&self) -> bool {
        self.values("--cap-lints").next().is_none()
    }

    /// Makes an rlib beside a dylib: programs are then linked with the objects of the crate, not with a library that
    /// is an image of its own.
    pub(crate) fn add_rlib(&mut self) {
        let types: Vec<_> = self.crate_types().collect();
        if types.contains(&"dylib") && !types.iter().any(|kind| ["lib", "rlib"].contains(kind)) {
            self.extend(["--crate-type", "rlib"]);
        }
    }

    /// Names the rlib wherever a dylib is named as a dependency that lies beside one.
    pub(crate) fn prefer_rlibs(&mut self) {
        let beside = |path: &Path| {
            let rlib = path.with_extension("rlib");
            (path.extension().is_some_and(|kind| kind == "so") && rlib.exists()).then_some(rlib)
        };
        *self = self.redirected(None, beside);
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

    /// The same compilation, maybe into another folder, with other files of the crates for which `replaced` knows one, and
    /// with the folders of those files searched first.
    pub(crate) fn redirected(
        &self,
        out_dir: Option<&Path>,
        replaced: impl Fn(&Path) -> Option<PathBuf>,
    ) -> Self {
        let redirect = |option: &str, value: &str| match option {
            "--out-dir" => out_dir.map(|dir| dir.display().to_string()),
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
    fn what_is_linked_is_told_from_libraries() {
        let check = |line: &str, expected| assert_eq!(args(line).links(), expected, "{line}");
        check("--crate-name api tests/api.rs --cfg test", true);
        check("--crate-name game --crate-type lib", false);
        check("--crate-name game --test", true);
        check("--crate-name game --crate-type dylib", true);
    }

    #[test]
    fn a_library_file_names_its_unit() {
        let key = |file: &str| UnitKey::of_library(Path::new(file)).map(|key| key.0);
        assert_eq!(key("/t/deps/libworld-34cd.rlib").as_deref(), Some("world-34cd"));
        assert_eq!(key("/t/deps/libworld-34cd.rmeta").as_deref(), Some("world-34cd"));
        assert_eq!(key("/t/deps/world-34cd.o"), None);
    }

    #[test]
    fn a_file_without_a_hash_is_told_apart_by_its_folder() {
        let key = |file: &str| UnitKey::of_library(Path::new(file)).unwrap();
        let (debug, release) = (
            key("/t/debug/deps/libworld.rlib"),
            key("/t/release/deps/libworld.so"),
        );
        assert_ne!(debug, release);
        assert_eq!((debug.stem(), release.stem()), ("world", "world"));
        assert_eq!(args("--crate-name world --out-dir /t/debug/deps").key(), debug);
    }

    #[test]
    fn a_dylib_gets_an_rlib_that_its_dependents_use() {
        let types = |line: &str| {
            let mut args = args(line);
            args.add_rlib();
            args.crate_types().map(String::from).collect::<Vec<_>>()
        };
        assert_eq!(types("--crate-type dylib"), ["dylib", "rlib"]);
        assert_eq!(types("--crate-type rlib,dylib"), ["rlib", "dylib"]);
        assert_eq!(types("--crate-type cdylib"), ["cdylib"]);

        let dir = tempfile::tempdir().unwrap();
        let (both, only) = (dir.path().join("libboth.so"), dir.path().join("libonly.so"));
        std::fs::write(both.with_extension("rlib"), "").unwrap();
        let mut program = args(&format!(
            "--extern both={} --extern only={}",
            both.display(),
            only.display()
        ));
        program.prefer_rlibs();
        let files: Vec<_> = program.extern_files().collect();
        assert_eq!(files, [both.with_extension("rlib"), only]);
    }

    #[test]
    fn crates_of_others_have_silent_lints() {
        assert!(args(GAME).is_local());
        assert!(!args("--crate-name log --cap-lints allow").is_local());
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
            args(GAME).redirected(Some(Path::new("/s/out")), replaced),
            args(&expected)
        );
        let joined = args("--out-dir=/t --extern=world=/t/deps/libworld-34cd.rlib --cfg a=b");
        let expected = args("--out-dir=/s/out --extern=world=/s/libworld-34cd.rlib --cfg a=b");
        assert_eq!(joined.redirected(Some(Path::new("/s/out")), replaced), expected);
    }
}
