//! The build id of a program: the identity that patches are made for.

use std::fmt;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use object::read::{Object, ReadCache};

/// A build id.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BuildId(Vec<u8>);

impl BuildId {
    /// Reads the build id of an ELF file. Only its headers and the note are read.
    pub(crate) fn of(program: &Path) -> Result<Self> {
        let read = || -> Result<_> {
            let cache = ReadCache::new(File::open(program)?);
            let file = object::File::parse(&cache)?;
            file.build_id()?
                .map(|id| Self(id.to_owned()))
                .context("the linker gave it no build id")
        };
        read().with_context(|| format!("cannot read the build id of `{}`", program.display()))
    }

    /// A build id of these bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.to_owned())
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildId({self})")
    }
}
