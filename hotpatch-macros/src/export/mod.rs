//! `export_module!`: the manifest of a module, with the functions of its contracts and its hooks.

mod args;
mod expand;

use proc_macro2::TokenStream;
use syn::Result;

/// The code for a module.
pub(crate) fn rewrite(input: TokenStream) -> Result<TokenStream> {
    args::parse(input).and_then(|args| expand::expand(&args))
}
