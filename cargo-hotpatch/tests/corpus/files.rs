//! The files of a program: as they are in the corpus, after an edit, and on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::data::{Change, Edit};
use crate::project::{Project, repository};

/// Where fresh builds are made, in the folder of a program.
pub(crate) const FRESH: &str = "fresh";

/// Paths inside the program and what the files hold.
pub(crate) type Files = BTreeMap<String, String>;

/// The files of a program of the corpus, as a user would have them in a folder of their own.
pub(crate) fn read(program: &Path) -> Files {
    let mut files = Files::new();
    collect(program, program, &mut files);
    files.remove("edits.toml");
    let manifest = files.get_mut("Cargo.toml").expect("a program has a manifest");
    let here = "path = \"../../..\"";
    assert!(
        manifest.contains(here),
        "{} does not depend on this repository",
        program.display()
    );
    *manifest = manifest.replace(here, &format!("path = \"{}\"", repository().display()));
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        // What cargo leaves behind where somebody tried the program by hand, and the folder of fresh builds.
        if name == "target" || name == "Cargo.lock" || name == FRESH {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// The files after an edit.
///
/// # Errors
///
/// The edit does not fit the files.
pub(crate) fn edited(files: &Files, edit: &Edit) -> Result<Files, String> {
    let mut files = files.clone();
    for change in &edit.change {
        apply(&mut files, change)?;
    }
    Ok(files)
}

fn apply(files: &mut Files, change: &Change) -> Result<(), String> {
    let missing = |file: &str| format!("there is no file `{file}`");
    match change {
        Change::Replace { file, find, replace } => {
            let text = files.get_mut(file).ok_or_else(|| missing(file))?;
            if !text.contains(find.as_str()) {
                return Err(format!("`{find}` is not in `{file}`"));
            }
            *text = text.replace(find.as_str(), replace);
        }
        Change::Write { file, write } => {
            files.insert(file.clone(), write.clone());
        }
        Change::Move { file, move_to } => {
            let text = files.remove(file).ok_or_else(|| missing(file))?;
            files.insert(move_to.clone(), text);
        }
        Change::Delete { file, delete } => {
            files
                .remove(file)
                .filter(|_| *delete)
                .ok_or_else(|| missing(file))?;
        }
    }
    Ok(())
}

/// Writes what differs. Files that are equal keep their times, so that cargo need not build them again.
pub(crate) fn write(project: &Project, from: &Files, to: &Files) {
    for gone in from.keys().filter(|path| !to.contains_key(*path)) {
        fs::remove_file(project.path(gone)).unwrap();
    }
    for (path, text) in to.iter().filter(|(path, text)| from.get(*path) != Some(text)) {
        project.write(path, text);
    }
}

/// Makes the folder of a project hold these files, and the versions of dependencies of this repository.
pub(crate) fn lay_out(project: &Project, files: &Files) {
    let mut found = Files::new();
    fs::create_dir_all(project.path("")).unwrap();
    collect(&project.path(""), &project.path(""), &mut found);
    write(project, &found, files);
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let (lock, ours) = (project.path("Cargo.lock"), repository().join("Cargo.lock"));
    if modified(&lock) < modified(&ours) {
        project.write("Cargo.lock", &fs::read_to_string(ours).unwrap());
    }
}
