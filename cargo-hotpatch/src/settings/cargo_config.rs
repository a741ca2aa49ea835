//! The settings of `.cargo/config.toml` and of `--config`, as far as the tool looks at them.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// The configuration that applies to a folder, the nearest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct CargoConfig(Vec<Source>);

/// One file, or one argument.
#[derive(Clone, Debug)]
struct Source {
    /// The folder from which paths in it count.
    folder: PathBuf,
    table: Table,
}

impl CargoConfig {
    /// Reads what cargo reads when it is started in `folder`: the arguments of `--config`, the files of `folder`, of every
    /// folder above it, and of cargo's home.
    pub(crate) fn read(folder: &Path, arguments: &[String]) -> Self {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
        let folders = folder.ancestors().map(|folder| folder.join(".cargo")).chain(home);
        let names = |folder: PathBuf| ["config", "config.toml"].map(|name| folder.join(name));
        let files = folders.flat_map(names).filter_map(|path| {
            let folder = path.parent()?.parent()?.to_owned();
            let text = std::fs::read_to_string(path).ok()?;
            Source::new(folder, &text)
        });
        // Of several arguments, the last one counts.
        let arguments = arguments.iter().rev().filter_map(|argument| {
            let text = std::fs::read_to_string(folder.join(argument)).unwrap_or_else(|_| argument.clone());
            Source::new(folder.to_owned(), &text)
        });
        Self(arguments.chain(files).collect())
    }

    /// A value, from the nearest source that has it.
    pub(crate) fn get(&self, path: &[&str]) -> Option<&Value> {
        self.all(path).next()
    }

    /// The values in all sources that have one, the nearest first.
    pub(crate) fn all<'a>(&'a self, path: &[&str]) -> impl Iterator<Item = &'a Value> {
        self.0
            .iter()
            .filter_map(move |source| lookup(&source.table, path))
    }

    /// A program: one that is named by a path lies where the source says.
    pub(crate) fn program(&self, path: &[&str]) -> Option<PathBuf> {
        let found = |source: &Source| {
            Some((
                source.folder.clone(),
                lookup(&source.table, path)?.as_str()?.to_owned(),
            ))
        };
        let (folder, program) = self.0.iter().find_map(found)?;
        Some(if program.contains('/') {
            folder.join(program)
        } else {
            program.into()
        })
    }

    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self(vec![Source::new("/w".into(), text).unwrap()])
    }
}

impl Source {
    fn new(folder: PathBuf, text: &str) -> Option<Self> {
        let table = text.parse().ok()?;
        Some(Self { folder, table })
    }
}

/// A value inside nested tables.
pub(crate) fn lookup<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (last, tables) = path.split_last()?;
    let table = tables
        .iter()
        .try_fold(table, |table, name| table.get(*name)?.as_table())?;
    table.get(*last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_before_files() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".cargo")).unwrap();
        std::fs::write(
            dir.path().join(".cargo/config.toml"),
            "build.target = 'a'\nbuild.jobs = 1",
        )
        .unwrap();
        std::fs::write(dir.path().join("more.toml"), "build.jobs = 2").unwrap();
        let read = |arguments: &[&str], key: &str| {
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            let config = CargoConfig::read(dir.path(), &arguments);
            config.get(&["build", key]).map(ToString::to_string)
        };
        assert_eq!(read(&[], "target").as_deref(), Some("\"a\""));
        let arguments = ["build.target='b'", "build.target='c'", "more.toml"];
        assert_eq!(read(&arguments, "target").as_deref(), Some("\"c\""));
        assert_eq!(read(&arguments, "jobs").as_deref(), Some("2"));
    }
}
