//! Symbol names, interned: everything else in this crate compares and hashes numbers.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// An interned symbol name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(u32);

/// All symbol names seen in a session.
#[derive(Debug, Default)]
pub(crate) struct Names {
    exact: IndexSet<Box<str>, FxBuildHasher>,
    stable: Vec<Name>,
}

/// Before the hash of a module, which changes with every edit: LLVM appends it to what thin-local LTO makes visible
/// to the other modules of a crate.
const MODULE_SUFFIX: &str = ".llvm.";

impl Names {
    pub(crate) fn intern(&mut self, name: &str) -> Name {
        if let Some(known) = self.get(name) {
            return known;
        }
        let stable = name
            .rsplit_once(MODULE_SUFFIX)
            .map(|(stable, _)| self.intern(stable));
        let index = self.exact.insert_full(name.into()).0;
        let new = Name(u32::try_from(index).expect("fewer than 2^32 symbol names"));
        self.stable.push(stable.unwrap_or(new));
        new
    }

    /// The part of a name that stays the same over builds. Not unique: only for finding candidates.
    pub(crate) fn stable(&self, name: Name) -> Name {
        self.stable[name.0 as usize]
    }

    /// Whether a name is a mere number among the anonymous constants of a build: it stands for something else in the
    /// next one.
    pub(crate) fn is_numbered(&self, name: Name) -> bool {
        const PREFIXES: [&str; 6] = ["anon.", ".L", "alloc_", "vtable.", "str.", "switch.table."];
        let text = self.text(name);
        PREFIXES.iter().any(|prefix| text.starts_with(prefix))
    }

    pub(crate) fn get(&self, name: &str) -> Option<Name> {
        self.exact.get_index_of(name).map(|index| Name(index as u32))
    }

    pub(crate) fn text(&self, name: Name) -> &str {
        &self.exact[name.0 as usize]
    }

    /// The name as people write it, without the hash.
    pub(crate) fn demangled(&self, name: Name) -> String {
        demangle(self.text(name))
    }
}

/// Demangles a legacy or v0 name, without the hash.
pub(crate) fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
