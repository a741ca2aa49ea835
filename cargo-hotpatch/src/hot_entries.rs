//! How many hot functions a linked program has, instances of generic ones and closures included: known from its symbols,
//! before it runs.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use hotpatch_abi::code;
use hotpatch_abi::names::{CLOSURE_BODY_SYMBOL, ENTRY_PREFIX, INSTANCE_PREFIX};
use object::read::{Object, ObjectSymbol, ReadCache};

use crate::refusal::Refusal;

/// What the symbols of hot functions contain.
const HOT: [&str; 3] = [ENTRY_PREFIX, INSTANCE_PREFIX, CLOSURE_BODY_SYMBOL];

/// Counts the hot functions.
///
/// # Errors
///
/// The program cannot be read, or it has no symbols.
pub(crate) fn count(program: &Path) -> Result<usize> {
    let read = || -> Result<_> {
        let cache = ReadCache::new(File::open(program)?);
        let file = object::File::parse(&cache)?;
        let mut symbols = file.symbols();
        symbols.next().context("it has none")?;
        let is_hot = |name: &str| HOT.iter().any(|part| name.contains(part));
        Ok(file
            .symbols()
            .filter(|symbol| symbol.is_definition() && symbol.name().is_ok_and(is_hot))
            .count())
    };
    read().with_context(|| format!("cannot read the symbols of `{}`", program.display()))
}

/// The refusal of all edits of a program without hot functions.
pub(crate) fn none() -> Refusal {
    Refusal::new(code::NOT_ATTACHED, "the program has no hot function, so it cannot be patched")
        .note("it runs on as it was built")
        .help(
            "depend on `hotpatch` with its default features, put `#[hotpatch]` on a function that is called again and \
             again, or wrap what a loop does in `hotpatch::call`, and start the program anew",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_itself_has_no_hot_function() {
        assert_eq!(count(&std::env::current_exe().unwrap()).unwrap(), 0);
        assert!(count(Path::new("Cargo.toml")).is_err());
    }
}
