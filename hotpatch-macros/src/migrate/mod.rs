//! `#[derive(Migrate)]`: what a type is made of, and how a value of it is made out of an earlier one.

mod args;
mod describe;
mod expand;
mod item;
mod rebuild;

use proc_macro2::TokenStream;
use syn::Result;

/// Generates the implementation of the trait for a type.
///
/// # Errors
///
/// The type cannot be migrated, or an argument is wrong: all mistakes at once.
pub(crate) fn derive(tokens: TokenStream) -> Result<TokenStream> {
    let item = item::parse(tokens)?;
    Ok(expand::expand(&item))
}
