//! Every form of function that `#[hotpatch]` takes, and that it behaves as without it.

mod attributes;
mod blocks;
mod defaults;
mod free;
mod futures;
mod generics;
mod macros;
mod methods;
mod nested;
mod qualifiers;
mod traits;
mod values;

/// The hot functions of this program whose path ends like this.
fn entries(end: &str) -> Vec<(String, String)> {
    let functions = hotpatch::functions()
        .into_iter()
        .map(|function| (function.name, function.signature));
    functions
        .filter(|(name, _)| name.strip_suffix(end).is_some_and(|rest| rest.ends_with("::")))
        .collect()
}

fn check_entry(end: &str, signature: &str) {
    assert_eq!(
        entries(end),
        [(format!("attribute::{end}"), signature.to_owned())]
    );
}

/// Checks that a function is known that has code for each choice of its parameters.
fn check_generic(end: &str, signature: &str) {
    use hotpatch::__private2::{RegisteredGeneric, inventory};

    let path = format!("attribute::{end}");
    let found = inventory::iter::<RegisteredGeneric>().filter(|generic| generic.path == path);
    let signatures: Vec<_> = found.map(|generic| generic.signature).collect();
    assert_eq!(signatures, [signature], "{path}");
}
