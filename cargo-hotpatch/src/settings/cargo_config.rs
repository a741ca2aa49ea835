//! The settings of `.cargo/config.toml`, as far as the tool looks at them.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// The configuration files that apply to a folder, the nearest first.
#[derive(Debug, Default)]
pub(crate) struct CargoConfig(Vec<Table>);

impl CargoConfig {
    /// Reads the files of `folder`, of every folder above it, and of cargo's home.
    pub(crate) fn read(folder: &Path) -> Self {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
        let folders = folder.ancestors().map(|folder| folder.join(".cargo")).chain(home);
        let names = |folder: PathBuf| ["config", "config.toml"].map(|name| folder.join(name));
        let texts = folders
            .flat_map(names)
            .filter_map(|path| std::fs::read_to_string(path).ok());
        Self(texts.filter_map(|text| text.parse().ok()).collect())
    }

    /// A value, from the nearest file that has it.
    pub(crate) fn get(&self, path: &[&str]) -> Option<&Value> {
        self.0.iter().find_map(|table| lookup(table, path))
    }

    /// The values in all files that have one, the nearest first.
    pub(crate) fn all<'a>(&'a self, path: &'a [&str]) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter_map(move |table| lookup(table, path))
    }

    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self(vec![text.parse().unwrap()])
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
