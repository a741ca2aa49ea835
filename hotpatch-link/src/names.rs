//! Symbol names, interned: everything else in this crate compares and hashes numbers.

use std::borrow::Cow;

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// An interned name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(u32);

/// What a symbol is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Identifier {
    /// The symbol name, without what only distinguishes the modules of one build.
    pub(crate) linkage: Name,
    /// The path as people write it, without hashes and disambiguators: it stays the same when code around it moves,
    /// and may belong to several symbols.
    pub(crate) path: Name,
}

/// A closure in a path.
pub(crate) const CLOSURE: &str = "{{closure}}";

/// All names seen in a session.
#[derive(Debug, Default)]
pub(crate) struct Names {
    exact: IndexSet<Box<str>, FxBuildHasher>,
    ids: Vec<Identifier>,
}

/// Before the hash of a module, which changes with every edit: LLVM appends it to what thin-local LTO makes visible
/// to the other modules of a crate.
const MODULE_SUFFIX: &str = ".llvm.";

impl Names {
    pub(crate) fn intern(&mut self, name: &str) -> Name {
        if let Some(known) = self.get(name) {
            return known;
        }
        let linkage = name
            .rsplit_once(MODULE_SUFFIX)
            .map(|(linkage, _)| self.intern(linkage));
        let path = match (linkage, rustc_demangle::try_demangle(name)) {
            (Some(linkage), _) => Some(self.id(linkage).path),
            (None, Ok(path)) => Some(self.intern(&without_numbers(&format!("{path:#}")))),
            (None, Err(_)) => None,
        };
        let index = self.exact.insert_full(name.into()).0;
        let new = Name(u32::try_from(index).expect("fewer than 2^32 symbol names"));
        self.ids.push(Identifier {
            linkage: linkage.unwrap_or(new),
            path: path.unwrap_or(new),
        });
        new
    }

    pub(crate) fn get(&self, name: &str) -> Option<Name> {
        self.exact.get_index_of(name).map(|index| Name(index as u32))
    }

    pub(crate) fn text(&self, name: Name) -> &str {
        &self.exact[name.0 as usize]
    }

    pub(crate) fn id(&self, name: Name) -> Identifier {
        self.ids[name.0 as usize]
    }

    /// The path of a name as people write it.
    pub(crate) fn path(&self, name: Name) -> &str {
        self.text(self.id(name).path)
    }

    /// How a variable counts where it is mentioned: by its path, unless closures make that ambiguous.
    pub(crate) fn variable(&self, name: Name) -> &[u8] {
        let path = self.path(name);
        let is_ambiguous = path.contains(CLOSURE);
        let text = if is_ambiguous {
            self.text(self.id(name).linkage)
        } else {
            path
        };
        text.as_bytes()
    }
}

/// The path with its closures as legacy names have them: only v0 numbers them.
fn without_numbers(path: &str) -> Cow<'_, str> {
    const NUMBERED: &str = "{closure#";
    let mut parts = path.split(NUMBERED);
    let first = parts.next().unwrap_or_default();
    if first.len() == path.len() {
        return path.into();
    }
    let rest = parts.map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    rest.fold(first.to_owned(), |path, rest| path + CLOSURE + rest)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, linkage: &str, path: &str) {
        let mut names = Names::default();
        let name = names.intern(name);
        let id = names.id(name);
        assert_eq!((names.text(id.linkage), names.text(id.path)), (linkage, path));
    }

    #[test]
    fn hashes_of_modules_and_of_legacy_names_are_no_identity() {
        let legacy = "_ZN4game4step17h0123456789abcdefE";
        check(legacy, legacy, "game::step");
        check(&format!("{legacy}.llvm.123"), legacy, "game::step");
        check("_RNvCs1234_4game4step", "_RNvCs1234_4game4step", "game::step");
        check("memcpy", "memcpy", "memcpy");
    }
}
