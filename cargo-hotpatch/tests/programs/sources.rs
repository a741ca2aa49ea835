//! The published sources of a program, as cargo fetches them, and with the attribute on some functions.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::data::{Change, Hot, Package, Program};
use crate::project::{Project, repository};

/// Paths inside the program and what the files hold.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What a package of the registry has that its program is not made of.
const LEFT_OUT: [&str; 6] = [
    "Cargo.lock",
    "Cargo.toml.orig",
    ".cargo-ok",
    ".cargo_vcs_info.json",
    ".github",
    // All are built by the toolchain of this repository.
    "rust-toolchain.toml",
];

/// The files of a program that is ready to be built: its libraries lie in folders with their names.
///
/// # Errors
///
/// What cargo says when it cannot fetch a package, or the place in `program.toml` that does not fit the sources.
pub(crate) fn prepared(program: &Program) -> Result<Files, String> {
    let mut files = Files::new();
    for (package, folder) in packages(program) {
        let source = fetched(package)?;
        collect(&source, &source, &folder, &mut files);
    }
    for change in &program.prepare {
        apply(&mut files, change)?;
    }
    let mut hot = BTreeSet::new();
    for functions in &program.hot {
        let of = program.libraries.iter();
        let mut of = of.filter(|library| functions.file.starts_with(&format!("{}/", library.name)));
        hot.insert(
            of.next()
                .map_or_else(String::new, |library| format!("{}/", library.name)),
        );
        mark(&mut files, functions)?;
    }
    for folder in hot {
        let dependency = format!("\n[dependencies.hotpatch]\npath = {:?}\n", repository());
        append(&mut files, &format!("{folder}Cargo.toml"), &dependency);
    }
    append(&mut files, "Cargo.toml", &workspace(program));
    let lock = repository()
        .join("tests/programs")
        .join(&program.name)
        .join("Cargo.lock");
    if let Ok(lock) = fs::read(lock) {
        files.insert("Cargo.lock".to_owned(), lock);
    }
    Ok(files)
}

/// How many lines of Rust a program has, its libraries included.
pub(crate) fn lines(files: &Files) -> usize {
    let sources = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    sources
        .map(|(_, text)| text.iter().filter(|byte| **byte == b'\n').count())
        .sum()
}

/// Makes a change whose text is there exactly once.
///
/// # Errors
///
/// How often it is there instead.
pub(crate) fn apply(files: &mut Files, change: &Change) -> Result<(), String> {
    let Change { file, find, replace } = change;
    let text = text_of(files, file)?;
    let count = text.matches(find.as_str()).count();
    if count != 1 {
        return Err(format!("`{find}` is {count} times in `{file}`"));
    }
    let changed = text.replace(find.as_str(), replace);
    files.insert(file.clone(), changed.into_bytes());
    Ok(())
}

/// Makes the folder hold these files. Those that are equal keep their times, so that cargo need not build them again.
pub(crate) fn lay_out(project: &Project, files: &Files) {
    let is_there =
        |path: &str, content: &[u8]| fs::read(project.path(path)).is_ok_and(|found| found == content);
    for (path, content) in files {
        // cargo completes the lock file.
        let is_kept = path == "Cargo.lock" && project.path(path).exists();
        if !is_kept && !is_there(path, content) {
            write(project, path, content);
        }
    }
}

/// Writes the files that an edit changed, and nothing else: the time of the save counts.
pub(crate) fn save(project: &Project, from: &Files, to: &Files) {
    for (path, content) in to
        .iter()
        .filter(|(path, content)| from.get(*path) != Some(*content))
    {
        write(project, path, content);
    }
}

fn write(project: &Project, path: &str, content: &[u8]) {
    let path = project.path(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Each package with the folder that it gets.
fn packages(program: &Program) -> Vec<(&Package, String)> {
    let libraries = program.libraries.iter();
    let libraries = libraries.map(|library| (library, format!("{}/", library.name)));
    [(&program.package, String::new())]
        .into_iter()
        .chain(libraries)
        .collect()
}

/// Where cargo has unpacked a package.
fn fetched(package: &Package) -> Result<PathBuf, String> {
    if let Some(folder) = unpacked(package) {
        return Ok(folder);
    }
    let Package { name, version } = package;
    let scratch = Project::empty("fetch");
    let manifest = format!(
        "[package]\nname = \"fetch\"\nedition = \"2024\"\n\n[dependencies.{name}]\nversion = \"={version}\"\n\
         default-features = false\n\n[workspace]\n"
    );
    scratch.write("Cargo.toml", &manifest);
    scratch.write("src/lib.rs", "");
    let output = Command::new("cargo")
        .arg("fetch")
        .current_dir(scratch.path(""))
        .output();
    let output = output.map_err(|error| format!("cannot run cargo: {error}"))?;
    unpacked(package).ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        format!("cannot fetch `{name}` {version}:\n{said}")
    })
}

fn unpacked(package: &Package) -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))?;
    let name = format!("{}-{}", package.name, package.version);
    let registries = fs::read_dir(home.join("registry/src")).ok()?.flatten();
    let mut folders = registries.map(|registry| registry.path().join(&name));
    folders.find(|folder| folder.join("Cargo.toml").exists())
}

fn collect(root: &Path, folder: &Path, into: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        if LEFT_OUT.contains(&name) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, into, files);
        } else {
            files.insert(format!("{into}{name}"), fs::read(&path).unwrap());
        }
    }
}

/// Puts the attribute on functions.
fn mark(files: &mut Files, hot: &Hot) -> Result<(), String> {
    for function in &hot.functions {
        let text = text_of(files, &hot.file)?;
        let is_here = |line: &str| line.trim_start().starts_with(function.as_str());
        let count = text.lines().filter(|line| is_here(line)).count();
        if count != 1 {
            return Err(format!("`{function}` begins {count} lines of `{}`", hot.file));
        }
        let marked: String = text
            .split_inclusive('\n')
            .map(|line| match is_here(line) {
                true => format!("#[hotpatch::hotpatch]\n{line}"),
                false => line.to_owned(),
            })
            .collect();
        files.insert(hot.file.clone(), marked.into_bytes());
    }
    Ok(())
}

/// The program is a workspace of its own, and its libraries are the ones beside it.
fn workspace(program: &Program) -> String {
    let names: Vec<_> = program
        .libraries
        .iter()
        .map(|library| library.name.as_str())
        .collect();
    let mut text = format!("\n[workspace]\nmembers = {names:?}\n\n[patch.crates-io]\n");
    for name in names {
        text += &format!("{name} = {{ path = \"{name}\" }}\n");
    }
    text
}

fn append(files: &mut Files, file: &str, text: &str) {
    files.entry(file.to_owned()).or_default().extend(text.as_bytes());
}

fn text_of<'a>(files: &'a Files, file: &str) -> Result<&'a str, String> {
    let content = files
        .get(file)
        .ok_or_else(|| format!("there is no file `{file}`"))?;
    std::str::from_utf8(content).map_err(|_| format!("`{file}` is no text"))
}
