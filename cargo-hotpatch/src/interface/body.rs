//! What inside the body of a function may be seen from outside of it.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::{Attribute, Path, Token, punctuated::Punctuated};

use super::known;

/// Words that begin items which reach beyond the body that they are written in.
const REACHING: [&str; 6] = ["extern", "impl", "macro", "macro_rules", "mod", "trait"];

/// Words after which `!(..)` is a negation.
const BEFORE_NOT: [&str; 9] = [
    "as", "break", "else", "if", "in", "match", "mut", "return", "while",
];

/// The macro calls of a body that might make anything, as they are written. `None` if the body has items that others
/// may see: implementations belong to their trait and type, wherever they are written.
pub(super) fn calls(body: TokenStream) -> Option<Vec<String>> {
    let mut calls = Vec::new();
    scan(body, &mut calls)?;
    Some(calls)
}

fn scan(tokens: TokenStream, calls: &mut Vec<String>) -> Option<()> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if REACHING.contains(&word.to_string().as_str()) => return None,
            TokenTree::Ident(name) => {
                if let Some(arguments) = call(&tokens, index)
                    && !is_known(&tokens, index, name)
                {
                    calls.push(format!("{name}!{arguments}"));
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let next = match tokens.get(index + 1) {
                    Some(TokenTree::Punct(inner)) if inner.as_char() == '!' => tokens.get(index + 2),
                    next => next,
                };
                if let Some(TokenTree::Group(group)) = next
                    && group.delimiter() == Delimiter::Bracket
                    && !is_harmless(group)
                {
                    return None;
                }
            }
            TokenTree::Group(group) => scan(group.stream(), calls)?,
            _ => {}
        }
    }
    Some(())
}

/// The arguments, if a macro is called here.
pub(super) fn call(tokens: &[TokenTree], index: usize) -> Option<&Group> {
    match (tokens.get(index)?, tokens.get(index + 1)?, tokens.get(index + 2)?) {
        (TokenTree::Ident(name), TokenTree::Punct(mark), TokenTree::Group(arguments))
            if mark.as_char() == '!' && !BEFORE_NOT.contains(&name.to_string().as_str()) =>
        {
            Some(arguments)
        }
        _ => None,
    }
}

/// Whether the macro that is called here is known: by its name, and where a path leads to it, by its crate.
fn is_known(tokens: &[TokenTree], index: usize, name: &Ident) -> bool {
    let colon = |at: Option<usize>| {
        let token = at.and_then(|at| tokens.get(at));
        matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
    };
    if !colon(index.checked_sub(1)) {
        return known::is_macro(name);
    }
    let root = index.checked_sub(3).and_then(|at| tokens.get(at));
    let begins = !colon(index.checked_sub(4));
    known::is_macro(name) && begins && matches!(root, Some(TokenTree::Ident(root)) if known::is_crate(root))
}

/// Whether an attribute inside of a body, given by what stands in its brackets, makes nothing that others may see.
fn is_harmless(attribute: &Group) -> bool {
    let parse = |attribute: TokenStream| {
        let tokens = TokenStream::from_iter([
            TokenTree::Punct(proc_macro2::Punct::new('#', proc_macro2::Spacing::Alone)),
            TokenTree::Group(Group::new(Delimiter::Bracket, attribute)),
        ]);
        Attribute::parse_outer.parse2(tokens)
    };
    let Ok(attributes) = parse(attribute.stream()) else {
        return false;
    };
    attributes.iter().all(|attribute| {
        let path = attribute.path();
        let exported = ["no_mangle", "export_name", "unsafe"];
        if path.is_ident("derive") {
            let derives = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
            return derives.is_ok_and(|derives| derives.iter().all(known::is_derive));
        }
        let plain = ["inline", "default", "rustfmt"];
        !exported.iter().any(|name| path.is_ident(name))
            && (known::is_attribute(attribute) || plain.iter().any(|name| path.is_ident(name)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<&[&str]>) {
        let calls = calls(body.parse().unwrap());
        let expected = expected.map(|calls| calls.iter().map(|call| (*call).to_owned()).collect());
        assert_eq!(calls, expected, "{body}");
    }

    #[test]
    fn what_stays_inside() {
        check("let a = 1; println!(\"{a}\"); a != (b)", Some(&[]));
        check(
            "if !(a) { return !(b) } std::format!(\"x\"); log::info!(\"y\")",
            Some(&[]),
        );
        check(
            "static N: u8 = 1; const C: u8 = 2; fn inner() {} use std::fmt;",
            Some(&[]),
        );
        check(
            "#[allow(unused)] let x = 1; #[derive(Clone, Debug)] struct P(u8);",
            Some(&[]),
        );
    }

    #[test]
    fn implementations_and_macros_reach_outside() {
        check("impl Trait for Type {} 1", None);
        check("{ { mod m {} } }", None);
        check("macro_rules! m { () => {} }", None);
        check("println!(\"{}\", { impl A for B {} 1 })", None);
        check("#[derive(Serialize)] struct P(u8);", None);
        check("#[unsafe(no_mangle)] fn f() {}", None);
        check("#[instrument] fn f() {}", None);
    }

    #[test]
    fn calls_of_unknown_macros_count() {
        check(
            "let a = make!(1); println!(\"{}\", other![a])",
            Some(&["make!(1)", "other![a]"]),
        );
        check("mine::info!(\"x\")", Some(&["info!(\"x\")"]));
        check("a::std::format!(\"x\")", Some(&["format!(\"x\")"]));
    }
}
