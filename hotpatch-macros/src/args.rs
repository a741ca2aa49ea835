//! The arguments of the attribute: nothing, or `crate = path`.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Path, Result, Token};

/// The arguments of `#[hotpatch(..)]`.
#[derive(Default)]
pub(crate) struct Args {
    /// Where generated code finds the facade.
    pub(crate) krate: Option<Path>,
}

/// Parses what stands in the parentheses.
pub(crate) fn parse(tokens: TokenStream) -> Result<Args> {
    arguments.parse2(tokens)
}

fn arguments(input: ParseStream<'_>) -> Result<Args> {
    let mut args = Args::default();
    while !input.is_empty() {
        let name = input.call(Ident::parse_any)?;
        if name != "crate" {
            return Err(Error::new(
                name.span(),
                format!("unknown argument `{name}`; expected `crate = path`"),
            ));
        }
        if !input.peek(Token![=]) {
            return Err(Error::new(name.span(), "expected `crate = path`"));
        }
        input.parse::<Token![=]>()?;
        args.krate = Some(input.call(Path::parse_mod_style)?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(args)
}
