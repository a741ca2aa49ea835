//! Signatures as text, for messages and for the tag.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, GenericArgument, ItemImpl, Pat, PatWild, Path, PathArguments, Signature, Token, Type};

/// The signature as written, in the usual spacing.
pub(crate) fn signature(sig: &Signature) -> String {
    let mut sig = sig.clone();
    sig.inputs.pop_punct();
    sig.generics.params.pop_punct();
    if let Some(clause) = &mut sig.generics.where_clause {
        clause.predicates.pop_punct();
    }
    spaced(sig.to_token_stream())
}

/// Sixteen hexadecimal digits that stand for the name and the type of the function.
///
/// The patterns of its arguments do not count: a function whose argument became `_dt` is called like before.
pub(crate) fn tag(sig: &Signature) -> String {
    let mut sig = sig.clone();
    for input in &mut sig.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.mutability = None,
            FnArg::Typed(input) => {
                input.attrs.clear();
                let underscore_token = <Token![_]>::default();
                *input.pat = Pat::Wild(PatWild {
                    attrs: Vec::new(),
                    underscore_token,
                });
            }
        }
    }
    format!(
        "{:016x}",
        hotpatch_abi::checksum::checksum(package(), signature(&sig).as_bytes())
    )
}

/// Tells the package from others: a program may be made of a crate in two versions, with the same paths in both.
fn package() -> u64 {
    let variables =
        ["CARGO_PKG_NAME", "CARGO_PKG_VERSION"].map(|name| std::env::var(name).unwrap_or_default());
    hotpatch_abi::checksum::checksum(0, variables.join(" ").as_bytes())
}

/// An impl as it appears in paths: `Player`, `Grid<u8>`, `<Player as Shape>`, without the lifetimes.
pub(crate) fn impl_name(item: &ItemImpl) -> String {
    let ty = type_name(&item.self_ty);
    match &item.trait_ {
        Some((path, _)) => format!("<{ty} as {}>", last_segment(path)),
        None if matches!(ungrouped(&item.self_ty), Type::Path(_)) => ty,
        None => format!("<{ty}>"),
    }
}

fn type_name(ty: &Type) -> String {
    match ungrouped(ty) {
        Type::Path(path) if path.qself.is_none() => last_segment(&path.path),
        ty => spaced(ty.to_token_stream()),
    }
}

/// A type without the groups that macros put around it.
fn ungrouped(mut ty: &Type) -> &Type {
    while let Type::Group(group) = ty {
        ty = &group.elem;
    }
    ty
}

fn last_segment(path: &Path) -> String {
    let Some(last) = path.segments.last() else {
        return String::new();
    };
    let mut last = last.clone();
    if let PathArguments::AngleBracketed(arguments) = &mut last.arguments {
        let types = std::mem::take(&mut arguments.args).into_iter();
        arguments.args = types
            .filter(|arg| !matches!(arg, GenericArgument::Lifetime(_)))
            .collect();
        if arguments.args.is_empty() {
            last.arguments = PathArguments::None;
        }
    }
    spaced(last.to_token_stream())
}

fn spaced(tokens: TokenStream) -> String {
    let mut out = String::new();
    write(&mut out, tokens);
    out
}

fn write(out: &mut String, tokens: TokenStream) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                if open == "{ " || ["mut", "dyn", "const"].iter().any(|word| out.ends_with(word)) {
                    space(out);
                }
                out.push_str(open);
                write(out, group.stream());
                out.push_str(close);
            }
            TokenTree::Punct(punct) => {
                let next = match tokens.peek() {
                    Some(TokenTree::Punct(next)) if punct.spacing() == Spacing::Joint => next.as_char(),
                    _ => ' ',
                };
                match (punct.as_char(), next) {
                    ('-', '>') => {
                        tokens.next();
                        out.push_str(" -> ");
                    }
                    (':', ':') => {
                        tokens.next();
                        out.push_str("::");
                    }
                    (',' | ':' | ';', _) => {
                        out.push(punct.as_char());
                        out.push(' ');
                    }
                    ('+' | '=' | '|' | '@', _) => {
                        space(out);
                        out.push(punct.as_char());
                        out.push(' ');
                    }
                    ('\'', _) => {
                        space_between_words(out);
                        out.push('\'');
                    }
                    (char, _) => out.push(char),
                }
            }
            word => {
                if !out.ends_with('\'') {
                    space_between_words(out);
                }
                out.push_str(&word.to_string());
            }
        }
    }
}

fn space_between_words(out: &mut String) {
    if out.ends_with(|char: char| char.is_alphanumeric() || "_)]}>\"".contains(char)) {
        space(out);
    }
}

fn space(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::{impl_name, signature, tag};

    #[test]
    fn signatures_read_like_rustfmt_wrote_them() {
        for text in [
            "fn tick(world: &mut World, dt: f32) -> R",
            "fn hurt(&mut self, by: u32) -> bool",
            "fn a<'a, 'b: 'a>(mut x: &'a mut [u8; 4], (y, _): (u8, u8)) -> &'a str where 'b: 'a",
            "unsafe extern \"C\" fn f(x: *const u8, f: fn(u8) -> u8) -> !",
            "fn a(self: Pin<&mut Self>, b: Box<dyn Fn(&u8) -> u8 + Send + 'static>) -> impl Iterator<Item = u8>",
            "fn a(x: <Vec<u8> as IntoIterator>::Item, y: &dyn Fn(), z: &mut (u8, u8), w: Result<Vec<u8>, ()>)",
        ] {
            assert_eq!(signature(&syn::parse_str(text).unwrap()), text);
        }
    }

    fn tag_of(text: &str) -> String {
        tag(&syn::parse_str(text).unwrap())
    }

    #[test]
    fn formatting_and_patterns_keep_the_tag() {
        let tag = tag_of("fn f(a: u8, b: (u8,)) -> u8");
        assert_eq!(tag.len(), 16);
        assert_eq!(tag, tag_of("fn  f( _a :u8,\n mut b: (u8,),)->u8"));
        assert_eq!(tag_of("fn f(self)"), tag_of("fn f(mut self)"));
    }

    #[test]
    fn name_and_type_change_the_tag() {
        let tags = [
            "fn f(a: u8)",
            "fn g(a: u8)",
            "fn f(a: u16)",
            "fn f(a: (u8))",
            "fn f(a: (u8,))",
            "fn f(a: u8) -> u8",
            "unsafe fn f(a: u8)",
            "extern \"C\" fn f(a: u8)",
            "fn f(&self)",
            "fn f(&mut self)",
            "fn f(self)",
        ]
        .map(tag_of);
        assert!(
            tags.iter()
                .enumerate()
                .all(|(index, tag)| !tags[..index].contains(tag))
        );
    }

    #[test]
    fn type_names_have_no_lifetimes() {
        for (text, expect) in [
            ("impl a::Player {}", "Player"),
            ("impl<'a> Parser<'a> {}", "Parser"),
            ("impl Grid<'_, u8, 3> {}", "Grid<u8, 3>"),
            ("impl dyn Shape + Send {}", "<dyn Shape + Send>"),
            ("impl<'a> a::Shape<'a> for b::Player<'a> {}", "<Player as Shape>"),
            ("impl Add<u8> for &Grid<u8> {}", "<&Grid<u8> as Add<u8>>"),
        ] {
            assert_eq!(impl_name(&syn::parse_str(text).unwrap()), expect);
        }
    }
}
