//! The arguments of `#[contract(..)]`: `version = "1.2.0"`, and `crate = path`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Path, Result, Token};

use super::version::Version;

pub(super) struct Args {
    pub(super) version: Version,
    /// Where generated code finds `hotpatch_module`.
    pub(super) krate: Option<Path>,
}

pub(super) fn parse(tokens: TokenStream) -> Result<Args> {
    arguments.parse2(tokens)
}

fn arguments(input: ParseStream<'_>) -> Result<Args> {
    let (mut version, mut krate) = (None, None);
    while !input.is_empty() {
        let name = input.call(Ident::parse_any)?;
        if name == "version" {
            input.parse::<Token![=]>()?;
            version = Some(input.parse()?);
        } else if name == "crate" {
            input.parse::<Token![=]>()?;
            krate = Some(input.call(Path::parse_mod_style)?);
        } else {
            return Err(Error::new(
                name.span(),
                format!("unknown argument `{name}`; expected `version = \"1.0.0\"` or `crate = path`"),
            ));
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    let version = version.ok_or_else(|| {
        Error::new(
            Span::call_site(),
            "a contract has a version, which modules are checked against: `#[contract(version = \"1.0.0\")]`",
        )
    })?;
    Ok(Args { version, krate })
}
