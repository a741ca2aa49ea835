//! Looks at types token by token: which lifetimes have no names, and where `Self` stands.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use syn::Lifetime;

/// Gives names to the lifetimes that a type or trait in the header of an impl leaves out: `'_` and those of `&T`.
pub(crate) fn name_elided(tokens: TokenStream) -> (TokenStream, Vec<Lifetime>) {
    let mut names = Vec::new();
    let tokens = name_in(tokens, &mut names);
    (tokens, names)
}

fn name_in(tokens: TokenStream, names: &mut Vec<Lifetime>) -> TokenStream {
    let mut named: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            // The arguments of `Fn(&u8)` and `fn(&u8)` have lifetimes of their own.
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Parenthesis
                    && matches!(named.last(), Some(TokenTree::Ident(_))) =>
            {
                named.push(group.into());
            }
            TokenTree::Group(group) => {
                named.push(Group::new(group.delimiter(), name_in(group.stream(), names)).into());
            }
            TokenTree::Ident(ident) if ident == "_" && is_punct(named.last(), '\'') => {
                named.pop();
                named.extend(new_lifetime(names));
            }
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                named.push(punct.into());
                if !is_punct(tokens.peek(), '\'') {
                    named.extend(new_lifetime(names));
                }
            }
            token => named.push(token),
        }
    }
    named.into_iter().collect()
}

fn new_lifetime(names: &mut Vec<Lifetime>) -> [TokenTree; 2] {
    let ident = Ident::new(&format!("__hotpatch{}", names.len()), Span::mixed_site());
    let mut apostrophe = Punct::new('\'', Spacing::Joint);
    apostrophe.set_span(Span::mixed_site());
    names.push(Lifetime {
        apostrophe: Span::mixed_site(),
        ident: ident.clone(),
    });
    [apostrophe.into(), ident.into()]
}

/// Whether `Self::name` or `<Self as ..>` occurs.
pub(crate) fn has_path_on_self(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(index, token)| match token {
        TokenTree::Group(group) => has_path_on_self(group.stream()),
        TokenTree::Ident(ident) if ident == "Self" => match tokens.get(index + 1) {
            Some(TokenTree::Punct(next)) => next.as_char() == ':',
            Some(TokenTree::Ident(next)) => next == "as",
            _ => false,
        },
        _ => false,
    })
}

/// Whether `Self` occurs where the size of the type must be known, as far as tokens tell: not behind a reference, and not
/// as the argument of one of the pointers of the standard library.
pub(crate) fn has_self_by_value(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(index, token)| match token {
        TokenTree::Group(group) => has_self_by_value(group.stream()),
        TokenTree::Ident(ident) if ident == "Self" => {
            !is_punct(tokens.get(index + 1), ':') && !is_behind_pointer(&tokens[..index])
        }
        _ => false,
    })
}

/// Whether what follows these tokens may have any size.
fn is_behind_pointer(before: &[TokenTree]) -> bool {
    let (last, rest) = match before {
        [] => return false,
        [rest @ .., last] => (last, rest),
    };
    match last {
        TokenTree::Ident(word) if word == "mut" => is_behind_pointer(rest),
        TokenTree::Ident(word) if word == "const" => is_punct(rest.last(), '*'),
        TokenTree::Ident(_) => is_punct(rest.last(), '\''),
        TokenTree::Punct(punct) => match punct.as_char() {
            '&' | '*' => true,
            '<' => matches!(rest.last(), Some(TokenTree::Ident(name))
                if ["Box", "Rc", "Arc", "PhantomData", "NonNull"].iter().any(|pointer| name == pointer)),
            _ => false,
        },
        _ => false,
    }
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_names(path: &str, expect: &str, count: usize) {
        let (tokens, names) = name_elided(path.parse().unwrap());
        let spaceless = |text: String| text.replace(' ', "");
        assert_eq!(
            (spaceless(tokens.to_string()), names.len()),
            (spaceless(expect.into()), count)
        );
    }

    #[test]
    fn only_lifetimes_without_a_name_get_one() {
        check_names("Visitor<'a, &'static str>", "Visitor<'a, &'static str>", 0);
        check_names(
            "Visitor<'_, (&u8, &mut [u8])>",
            "Visitor<'__hotpatch0, (&'__hotpatch1 u8, &'__hotpatch2 mut [u8])>",
            3,
        );
        check_names(
            "From<Box<dyn Fn(&u8, &'_ u8)>>",
            "From<Box<dyn Fn(&u8, &'_ u8)>>",
            0,
        );
    }

    #[test]
    fn self_in_front_of_a_path_is_found() {
        for (code, expect) in [
            ("{ let x: Self::Item = 1; }", true),
            ("{ f::<<Self as A>::B>() }", true),
            ("{ Self { x: self.x } }", false),
            ("{ Vec::<Self>::new() }", false),
        ] {
            assert_eq!(has_path_on_self(code.parse().unwrap()), expect, "{code}");
        }
    }

    #[test]
    fn a_size_is_needed_only_by_value() {
        for (sig, expect) in [
            ("fn f(&self) -> Self", true),
            ("fn f(x: (u8, Self))", true),
            ("fn f(x: Option<Self>)", true),
            ("fn f(x: Self::Item)", false),
            ("fn f(x: &Self, y: &'a mut Self, z: *const Self)", false),
            ("fn f(self: Pin<&mut Self>, y: Box<Self>)", false),
        ] {
            assert_eq!(has_self_by_value(sig.parse().unwrap()), expect, "{sig}");
        }
    }
}
