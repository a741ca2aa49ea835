//! Parts of signatures, rewritten for the functions that stand in for the one that was written.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, GenericParam, Generics, Pat, PatIdent, PatType, ReturnType, Signature};

/// The signature with a name for each argument, and the names.
///
/// An argument keeps the name that it has, so that documentation shows it and attribute macros find it.
pub(super) fn trampoline(sig: &Signature) -> (Signature, Vec<Ident>) {
    let mut sig = sig.clone();
    let mut names: Vec<Ident> = Vec::new();
    for (index, input) in sig.inputs.iter_mut().enumerate() {
        match input {
            FnArg::Receiver(receiver) => {
                receiver.attrs.clear();
                receiver.mutability = None;
                names.push(Ident::new("self", receiver.self_token.span));
            }
            FnArg::Typed(PatType { attrs, pat, .. }) => {
                attrs.clear();
                let mut name = match &**pat {
                    Pat::Ident(PatIdent {
                        by_ref: None,
                        subpat: None,
                        ident,
                        ..
                    }) => ident.clone(),
                    _ => format_ident!("__argument{index}"),
                };
                // Not of the user's making: a lint that looks at how `_x` is used has nothing to say about it.
                name.set_span(Span::mixed_site());
                // Two names of one spelling, told apart by the macro that made them.
                if names.contains(&name) {
                    name = format_ident!("__argument{index}");
                }
                **pat = Pat::Ident(PatIdent {
                    attrs: Vec::new(),
                    by_ref: None,
                    mutability: None,
                    ident: name.clone(),
                    subpat: None,
                });
                names.push(name);
            }
        }
    }
    (sig, names)
}

/// The type of the pointer to a function, as far as a cast needs it: `unsafe fn(_, _) -> _`.
pub(super) fn pointer(sig: &Signature) -> TokenStream {
    let (safety, abi) = (&sig.safety, &sig.abi);
    let inferred = sig.inputs.iter().map(|_| quote!(_));
    quote!(#safety #abi fn(#(#inferred),*) -> _)
}

/// The parameters of a function behind its name: `::<T, N>`. Lifetimes and `impl Trait` are left to inference.
pub(super) fn turbofish(generics: &Generics) -> TokenStream {
    let names: Vec<_> = generics.params.iter().filter_map(name).collect();
    if names.is_empty() {
        quote!()
    } else {
        quote!(::<#(#names),*>)
    }
}

/// The name of a parameter that is not a lifetime.
pub(super) fn name(parameter: &GenericParam) -> Option<&Ident> {
    match parameter {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
    }
}

/// Whether there is anything but lifetimes.
pub(super) fn has_parameters(generics: &Generics) -> bool {
    generics.params.iter().any(|parameter| name(parameter).is_some())
}

/// Whether an argument has a type that its caller chooses.
pub(super) fn takes_impl_trait(sig: &Signature) -> bool {
    sig.inputs.iter().any(|input| match input {
        FnArg::Receiver(_) => false,
        FnArg::Typed(input) => contains(input.ty.to_token_stream(), &["impl"]),
    })
}

/// A return type without `+ use<..>`, which names other parameters in a trait than in its impl. Without it, an opaque type
/// of a trait may use all.
pub(super) fn without_captures(output: &ReturnType) -> ReturnType {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut inside = false;
    for token in output.to_token_stream() {
        match &token {
            TokenTree::Ident(ident) if ident == "use" => {
                kept.pop();
                inside = true;
            }
            TokenTree::Punct(punct) if inside && punct.as_char() == '>' => inside = false,
            _ if inside => {}
            _ => kept.push(token),
        }
    }
    syn::parse2(kept.into_iter().collect()).unwrap_or_else(|_| output.clone())
}

/// Whether one of these words occurs.
pub(super) fn contains(tokens: TokenStream, words: &[&str]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => words.iter().any(|word| ident == *word),
        TokenTree::Group(group) => contains(group.stream(), words),
        _ => false,
    })
}

/// The tokens with some of their words replaced.
pub(super) fn replace(tokens: TokenStream, word: &str, by: &Ident) -> TokenStream {
    map(tokens, &|token| match token {
        TokenTree::Ident(ident) if ident == word => TokenTree::Ident(by.clone()),
        token => token,
    })
}

fn map(tokens: TokenStream, change: &impl Fn(TokenTree) -> TokenTree) -> TokenStream {
    let inside = |token| match token {
        TokenTree::Group(group) => {
            let mut new = proc_macro2::Group::new(group.delimiter(), map(group.stream(), change));
            new.set_span(group.span());
            TokenTree::Group(new)
        }
        token => token,
    };
    tokens.into_iter().map(inside).map(change).collect()
}

/// A type outside of the impl whose header has these parameters: its lifetimes are left to inference.
pub(super) fn without_lifetimes(ty: impl ToTokens, generics: &Generics) -> TokenStream {
    let lifetimes = generics
        .lifetimes()
        .map(|parameter| parameter.lifetime.ident.to_string());
    infer(ty.to_token_stream(), &lifetimes.collect::<Vec<_>>())
}

fn infer(tokens: TokenStream, names: &[String]) -> TokenStream {
    let mut after_quote = false;
    let tokens = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            proc_macro2::Group::new(group.delimiter(), infer(group.stream(), names)).into()
        }
        TokenTree::Ident(ident) if after_quote && names.contains(&ident.to_string()) => {
            after_quote = false;
            Ident::new("_", ident.span()).into()
        }
        token => {
            after_quote = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
            token
        }
    });
    tokens.collect()
}
