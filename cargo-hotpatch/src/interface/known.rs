//! Names whose meaning is known without expanding anything: attributes, derives and macros.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::{Attribute, Path};

/// Macros of the standard library and of those for logs and errors: expressions and statements, no items that anything
/// outside of the block around them could see. Their lines are those of panics.
const MACROS: [&str; 47] = [
    "anyhow",
    "assert",
    "assert_eq",
    "assert_ne",
    "bail",
    "cfg",
    "column",
    "concat",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "ensure",
    "env",
    "eprint",
    "eprintln",
    "error",
    "event",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "info",
    "json",
    "line",
    "log",
    "matches",
    "module_path",
    "option_env",
    "panic",
    "pin",
    "print",
    "println",
    "ready",
    "span",
    "stringify",
    "thread_local",
    "todo",
    "trace",
    "unimplemented",
    "unreachable",
    "vec",
    "warn",
    "write",
    "writeln",
];

/// Those among them that say where in the sources they stand, outside of a panic.
const PLACED: [&str; 12] = [
    "anyhow", "bail", "column", "dbg", "debug", "ensure", "error", "event", "info", "line", "trace", "warn",
];

/// The crates that they come from.
const CRATES: [&str; 8] = [
    "alloc",
    "anyhow",
    "core",
    "futures",
    "log",
    "serde_json",
    "std",
    "tracing",
];

/// Derives of the standard library: they implement their own trait for their own type and nothing else.
const DERIVES: [&str; 9] = [
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Eq",
    "Hash",
    "Ord",
    "PartialEq",
    "PartialOrd",
];

/// Attributes that do not look into what they stand at.
const ATTRIBUTES: [&str; 15] = [
    "allow",
    "cfg",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "forbid",
    "must_use",
    "no_mangle",
    "export_name",
    "non_exhaustive",
    "repr",
    "test",
    "warn",
];

/// Whether a macro with this name is known.
pub(super) fn is_macro(name: &Ident) -> bool {
    MACROS.contains(&name.to_string().as_str())
}

/// Whether a known macro says where it stands.
pub(super) fn is_placed(name: &Ident) -> bool {
    PLACED.contains(&name.to_string().as_str()) || !is_macro(name)
}

/// Whether a crate with this name makes the known macros.
pub(super) fn is_crate(name: &Ident) -> bool {
    CRATES.contains(&name.to_string().as_str())
}

/// Whether a derive is one of the standard library.
pub(super) fn is_derive(path: &Path) -> bool {
    let last = path.segments.last();
    last.is_some_and(|last| DERIVES.contains(&last.ident.to_string().as_str()))
}

/// Whether an attribute leaves what it stands at as it is written.
pub(super) fn is_attribute(attribute: &Attribute) -> bool {
    let path = attribute.path();
    if let Some(tool) = path.segments.first()
        && path.segments.len() > 1
    {
        return tool.ident == "rustfmt" || tool.ident == "clippy" || tool.ident == "diagnostic";
    }
    path.get_ident().is_some_and(|name| {
        ATTRIBUTES.contains(&name.to_string().as_str()) || name == "unsafe" || is_never_inlined(attribute)
    })
}

/// `#[inline(never)]`.
pub(super) fn is_never_inlined(attribute: &Attribute) -> bool {
    attribute.path().is_ident("inline") && attribute.parse_args::<Ident>().is_ok_and(|how| how == "never")
}

/// `#[hotpatch]`: the body becomes a function that is never inlined, and the rest does not depend on it.
pub(super) fn is_hot(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "hotpatch")
}

/// Whether an attribute is one of the compiler, wherever it may stand.
pub(super) fn is_builtin(attribute: &Attribute) -> bool {
    const MORE: [&str; 13] = [
        "default",
        "derive",
        "global_allocator",
        "inline",
        "link_section",
        "macro_export",
        "macro_use",
        "no_std",
        "path",
        "recursion_limit",
        "target_feature",
        "track_caller",
        "used",
    ];
    let path = attribute.path();
    is_attribute(attribute) || MORE.iter().any(|name| path.is_ident(name))
}

/// The attribute that begins here with `#`, if there is one. One that cannot be read is not known.
pub(super) fn attributes(tokens: &[TokenTree]) -> Option<Vec<Attribute>> {
    let skip = matches!(tokens.get(1), Some(TokenTree::Punct(inner)) if inner.as_char() == '!');
    let brackets = tokens.get(1 + usize::from(skip))?;
    if !matches!(brackets, TokenTree::Group(_)) {
        return None;
    }
    let attribute = TokenStream::from_iter([tokens.first()?.clone(), brackets.clone()]);
    Attribute::parse_outer.parse2(attribute).ok()
}
