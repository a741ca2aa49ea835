//! The arguments of the attribute: nothing, `crate = path`, or `skip`.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Path, Result, Token};

/// The arguments of `#[hotpatch(..)]`.
#[derive(Default)]
pub(crate) struct Args {
    /// Where generated code finds the facade.
    pub(crate) krate: Option<Path>,
    /// Not hot, though everything around it is.
    pub(crate) skip: bool,
}

/// Parses what stands in the parentheses.
pub(crate) fn parse(tokens: TokenStream) -> Result<Args> {
    arguments.parse2(tokens)
}

fn arguments(input: ParseStream<'_>) -> Result<Args> {
    let mut args = Args::default();
    while !input.is_empty() {
        let name = input.call(Ident::parse_any)?;
        if name == "crate" {
            args.krate = Some(path(input, &name)?);
        } else if name == "skip" {
            args.skip = true;
        } else {
            return Err(Error::new(
                name.span(),
                format!("unknown argument `{name}`; expected `crate = path` or `skip`"),
            ));
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(args)
}

fn path(input: ParseStream<'_>, name: &Ident) -> Result<Path> {
    if !input.peek(Token![=]) {
        return Err(Error::new(name.span(), "expected `crate = path`"));
    }
    input.parse::<Token![=]>()?;
    input.call(Path::parse_mod_style)
}
