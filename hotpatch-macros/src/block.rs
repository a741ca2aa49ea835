//! `#[hotpatch]` on an `impl`, a `trait` or an inline `mod`: on all functions in it, those of nested ones included.
//!
//! Everything around a function is at hand here as tokens, so this works where the source file does not help: in what
//! macros make. Only the headers are parsed; the rest is passed on as it is.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Item, Path, Result};

use crate::attribute::{Mark, Marked};
use crate::enclosing::Enclosing;
use crate::item::{self, Function};
use crate::{check, expand};

/// An item with members.
struct Block {
    attrs: Vec<Attribute>,
    /// From the visibility up to the bracket.
    header: TokenStream,
    /// `impl`, `trait` or `mod`.
    kind: Ident,
    members: Group,
}

/// Makes all functions of the block hot. `path` is where the block stands: the path from the module on.
///
/// # Errors
///
/// It has no members here, or an argument of an attribute inside is wrong.
pub(crate) fn rewrite(item: TokenStream, krate: &Path, around: &Enclosing) -> Result<TokenStream> {
    expand_block(parse(item)?, krate, around)
}

fn parse(item: TokenStream) -> Result<Block> {
    let kind = item::kind(item.clone());
    let (attrs, tokens) = attributed.parse2(item)?;
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    match (kind, tokens.pop()) {
        (Some(kind), Some(TokenTree::Group(members))) if members.delimiter() == Delimiter::Brace => {
            Ok(Block {
                attrs,
                header: tokens.into_iter().collect(),
                kind,
                members,
            })
        }
        (kind, _) => Err(Error::new_spanned(
            kind,
            "`#[hotpatch]` on a module in a file of its own is not supported: the attribute does not see the file\n  = \
             help: put it on the items in that file",
        )),
    }
}

fn attributed(input: ParseStream<'_>) -> Result<(Vec<Attribute>, TokenStream)> {
    Ok((input.call(Attribute::parse_outer)?, input.parse()?))
}

fn expand_block(block: Block, krate: &Path, around: &Enclosing) -> Result<TokenStream> {
    let Block {
        attrs,
        header,
        kind,
        members,
    } = block;
    let inside = match syn::parse2::<Item>(quote!(#header {})) {
        Ok(item) => around.enter(item),
        Err(_) if kind == "mod" => Enclosing::module(),
        // Syntax that is not known here: nothing can be said about the methods.
        Err(_) => return Ok(quote!(#(#attrs)* #header #members)),
    };
    let mut out = TokenStream::new();
    for member in split(members.stream()) {
        out.extend(expand_member(member, krate, &inside)?);
    }
    let mut group = Group::new(Delimiter::Brace, out);
    group.set_span(members.span());
    Ok(quote!(#(#attrs)* #header #group))
}

/// One member of a block: a function, a block in turn, or anything else. What cannot be hot stays as it is; where it is
/// marked itself, its own attribute says why.
fn expand_member(written: TokenStream, krate: &Path, around: &Enclosing) -> Result<TokenStream> {
    let Ok((attrs, rest)) = attributed.parse2(written.clone()) else {
        return Ok(written);
    };
    let Marked { attrs, mark } = Marked::take(&attrs)?;
    let member = quote!(#attrs #rest);
    let (krate, plain) = match &mark {
        Some(Mark::Skip) => return Ok(member),
        Some(Mark::Hot(own)) => (own.as_ref().unwrap_or(krate), written),
        None => (krate, member.clone()),
    };
    let kind = item::kind(member.clone());
    match kind.map(|kind| kind.to_string()).as_deref() {
        Some("fn") => match syn::parse2::<Function>(member.clone()) {
            Ok(function) if check::mistakes(&function, around).is_none() => {
                Ok(if cfg!(feature = "enabled") {
                    expand::expand(krate, function, around)
                } else {
                    member
                })
            }
            _ => Ok(plain),
        },
        Some("impl" | "trait" | "mod") => match parse(member) {
            Ok(block) => expand_block(block, krate, around),
            Err(_) => Ok(plain),
        },
        _ => Ok(plain),
    }
}

/// The members of a block. What is one is told by where it ends: at a `;` or behind a block in braces.
fn split(members: TokenStream) -> Vec<TokenStream> {
    let mut all = Vec::new();
    let mut current: Vec<TokenTree> = Vec::new();
    let mut angles = 0_usize;
    for token in members {
        let ends = match &token {
            TokenTree::Punct(punct) => {
                match punct.as_char() {
                    '<' => angles += 1,
                    // Not in `->`.
                    '>' if !is_punct(current.last(), '-') => angles = angles.saturating_sub(1),
                    _ => {}
                }
                punct.as_char() == ';'
            }
            TokenTree::Group(group) => match group.delimiter() {
                Delimiter::Brace => angles == 0 && !has_value(&current),
                // An attribute of the block itself: `#![..]`.
                Delimiter::Bracket => current.len() == 2 && is_punct(current.last(), '!'),
                _ => false,
            },
            _ => false,
        };
        current.push(token);
        if ends {
            all.push(current.drain(..).collect());
            angles = 0;
        }
    }
    all.push(current.into_iter().collect());
    all
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

/// Whether an item that begins like this goes on behind its first braces.
fn has_value(begin: &[TokenTree]) -> bool {
    let kind = item::kind(begin.iter().cloned().collect());
    kind.is_some_and(|kind| ["const", "static", "type", "use"].iter().any(|word| kind == word))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn members_end_where_items_end() {
        let members = [
            "#![allow(a)]",
            "#[b] pub const A: u8 = { 1 } + if 1 < 2 { 3 } else { 4 };",
            "use a::{b, c};",
            "pub(crate) unsafe extern \"C\" fn f<const N: usize>(x: A<{ N + 1 }>) -> Vec<[u8; { 1 }]> { { ; } }",
            "fn g(&self);",
            "const fn h() {}",
            "m! { a; b }",
            "m!(a; b);",
            "impl<F: Fn() -> A<u8>> A<{ 1 }> for B {}",
            "struct S;",
            "struct T { a: u8 }",
            "type A = [u8; { 1 }];",
            "mod x { fn y() {} }",
            "extern crate a;",
        ];
        let parts = split(members.concat().parse().unwrap());
        let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        let expect = members.map(|member| member.parse::<proc_macro2::TokenStream>().unwrap().to_string());
        assert_eq!(parts[..members.len()], expect);
        assert_eq!(parts[members.len()..], [""]);
    }
}
