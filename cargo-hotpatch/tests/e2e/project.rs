//! A scratch project outside the repository, as a user would have it.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::fs::{FlockOperation, flock};

/// The command under test.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-hotpatch"));
    command.arg("hotpatch").stdin(Stdio::null());
    // The tests run under cargo and its settings for this repository; a user's shell does not.
    for (name, _) in std::env::vars() {
        if name.starts_with("CARGO_") && !["CARGO_HOME", "CARGO_TERM_COLOR"].contains(&name.as_str()) {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) struct Project {
    folder: PathBuf,
    /// Held as long as the folder is used. The folder is removed in the end.
    claim: Option<File>,
}

impl Drop for Project {
    fn drop(&mut self) {
        if self.claim.is_some() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Project {
    /// A package with one binary that depends on this repository.
    pub(crate) fn new(name: &str, main: &str) -> Self {
        let project = Self::empty(name);
        project.write("Cargo.toml", &manifest(name, ""));
        project.write("src/main.rs", main);
        project
    }

    pub(crate) fn empty(name: &str) -> Self {
        let (folder, claim) = claimed(name);
        Self {
            folder,
            claim: Some(claim),
        }
    }

    /// A folder that stays.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder, claim: None }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Replaces text in a file. The text must be there.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let before = self.read(path);
        assert!(before.contains(from), "`{from}` is not in {path}:\n{before}");
        self.write(path, &before.replace(from, to));
    }

    /// `cargo hotpatch <arguments>` in the project's folder, with the build folder that all tests share.
    pub(crate) fn hotpatch(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", shared_target())
            .args(arguments);
        command
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.hotpatch(arguments).output().unwrap()
    }
}

/// A folder of this name that nobody else uses at the moment. It is the same one in every run: programs in other folders
/// are other programs, and the shared build folder would grow with each run.
fn claimed(name: &str) -> (PathBuf, File) {
    let mut hasher = DefaultHasher::new();
    shared_target().hash(&mut hasher);
    let root = std::env::temp_dir().join(format!("hotpatch-tests-{:016x}", hasher.finish()));
    fs::create_dir_all(&root).unwrap();
    for number in 1.. {
        let folder = root.join(if number == 1 {
            name.to_owned()
        } else {
            format!("{name}-{number}")
        });
        let claim = File::create(folder.with_extension("lock")).unwrap();
        if flock(&claim, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir(&folder).unwrap();
            return (folder, claim);
        }
    }
    unreachable!()
}

/// A manifest that depends on this repository. `more` is appended.
pub(crate) fn manifest(name: &str, more: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nhotpatch = {{ path = \
         \"{}\" }}\n{more}",
        repository().display()
    )
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// One build folder for all scratch projects, kept between runs: the dependencies are compiled once.
pub(crate) fn shared_target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
