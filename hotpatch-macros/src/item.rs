//! The annotated function: its signature parsed, its body as raw tokens.
//!
//! The body is rustc's to understand, so an edit may use syntax that this crate has never heard of.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Error, Result, Signature, Token, Visibility, token};

/// A function as written.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Body,
}

/// What follows the signature.
#[derive(Clone)]
pub(crate) enum Body {
    Block(Group),
    /// A declaration in a trait or an `extern` block.
    Missing(Token![;]),
}

/// Parses the item under the attribute.
///
/// # Errors
///
/// It is not a function, or its signature has syntax that `syn` does not know.
pub(crate) fn parse(item: TokenStream) -> Result<Function> {
    let kind = kind(item.clone());
    match kind.as_ref().map(ToString::to_string).as_deref() {
        Some("fn") => syn::parse2(item),
        _ => Err(Error::new(
            kind.map_or_else(Span::call_site, |kind| kind.span()),
            "`#[hotpatch]` on anything but a function, `impl`, `trait` or `mod` is not supported: only code can be replaced",
        )),
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        // Stands only in front of functions that have no body.
        input.parse::<Option<Token![safe]>>()?;
        let sig = input.parse()?;
        let body = if input.peek(token::Brace) {
            Body::Block(input.parse()?)
        } else {
            Body::Missing(input.parse()?)
        };
        Ok(Self {
            attrs,
            vis,
            sig,
            body,
        })
    }
}

impl ToTokens for Body {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Block(group) => tokens.append(group.clone()),
            Self::Missing(semi) => semi.to_tokens(tokens),
        }
    }
}

/// The token that tells what an item is: `fn`, `struct`, `impl` ..
pub(crate) fn kind(item: TokenStream) -> Option<Ident> {
    let after_visibility = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        input.parse::<TokenStream>()
    };
    let mut first = None;
    for token in after_visibility.parse2(item).ok()? {
        match token {
            TokenTree::Ident(word) => match word.to_string().as_str() {
                "const" | "async" | "unsafe" | "safe" | "extern" | "default" | "auto" => {
                    first.get_or_insert(word);
                }
                "fn" | "impl" | "trait" | "mod" => return Some(word),
                _ => return first.or(Some(word)),
            },
            // The name of an ABI.
            TokenTree::Literal(_) => {}
            _ => break,
        }
    }
    first
}
