//! What object files define and what they need, by the names of the symbols.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSymbol};

/// The symbols of the files of one unit.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    defined: HashSet<Vec<u8>>,
    needed: HashSet<Vec<u8>>,
}

impl Symbols {
    /// Reads object files and libraries of such.
    ///
    /// # Errors
    ///
    /// One cannot be read.
    pub(crate) fn of(files: &[PathBuf]) -> Result<Self> {
        let mut symbols = Self::default();
        for file in files {
            let read = || -> Result<Self> {
                let mut symbols = Self::default();
                symbols.add(file, &std::fs::read(file)?)?;
                Ok(symbols)
            };
            let read = read().with_context(|| format!("cannot read `{}`", file.display()))?;
            symbols.defined.extend(read.defined);
            symbols.needed.extend(read.needed);
        }
        Ok(symbols)
    }

    fn add(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        if path.extension().is_none_or(|kind| kind != "rlib") {
            return self.add_object(bytes);
        }
        for member in ArchiveFile::parse(bytes)?.members() {
            let member = member?;
            if member.name().ends_with(b".o") {
                self.add_object(member.data(bytes)?)?;
            }
        }
        Ok(())
    }

    fn add_object(&mut self, bytes: &[u8]) -> Result<()> {
        for symbol in object::File::parse(bytes)?.symbols() {
            if symbol.is_undefined() {
                self.needed.insert(symbol.name_bytes()?.to_owned());
            } else if symbol.is_global() {
                self.defined.insert(symbol.name_bytes()?.to_owned());
            }
        }
        Ok(())
    }

    /// Whether something that these need was defined `before` and is not any more `now`.
    pub(crate) fn miss(&self, before: &Self, now: &Self) -> bool {
        let gone = |name: &&Vec<u8>| before.defined.contains(*name) && !now.defined.contains(*name);
        self.needed.iter().any(|name| gone(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_and_was_there_can_be_missed() {
        let symbols = |defined: &[&str], needed: &[&str]| {
            let set = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect();
            Symbols {
                defined: set(defined),
                needed: set(needed),
            }
        };
        let user = symbols(&[], &["a", "libc"]);
        assert!(!user.miss(&symbols(&["a", "b"], &[]), &symbols(&["a"], &[])));
        assert!(user.miss(&symbols(&["a", "b"], &[]), &symbols(&["b"], &[])));
        assert!(!user.miss(&symbols(&[], &[]), &symbols(&[], &[])));
    }
}
