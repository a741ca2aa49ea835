//! Which attributes of a function hold for its trampoline, and which for its body.
//!
//! The trampoline carries the name that others see, so it keeps all of them. A body that lies inside it is covered by
//! its lint levels and its `cfg`; a body beside it needs its own.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Error, Ident, Meta, MetaList, Path, Result};

use crate::args;

/// All attributes, those inside `cfg_attr(..)` and `unsafe(..)` included.
pub(crate) fn flatten(attrs: &[Attribute]) -> Vec<Meta> {
    fn push(all: &mut Vec<Meta>, meta: &Meta) {
        match meta {
            Meta::List(list) if list.path.is_ident("unsafe") => all.extend(syn::parse2(list.tokens.clone())),
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                conditional(list).1.iter().for_each(|meta| push(all, meta));
            }
            _ => all.push(meta.clone()),
        }
    }
    let mut all = Vec::new();
    attrs.iter().for_each(|attr| push(&mut all, &attr.meta));
    all
}

/// What `#[hotpatch]` on a member of a hot block says.
pub(crate) enum Mark {
    /// To be hot, with the path of the facade if it is given.
    Hot(Option<Path>),
    /// To be left alone.
    Skip,
}

/// The attributes of a member of a hot block.
pub(crate) struct Marked {
    /// Those that are not ours.
    pub(crate) attrs: TokenStream,
    pub(crate) mark: Option<Mark>,
}

impl Marked {
    /// # Errors
    ///
    /// The arguments of ours are wrong, or it depends on a condition whether a member is to be left alone.
    pub(crate) fn take(attrs: &[Attribute]) -> Result<Self> {
        let mut mark = None;
        for meta in flatten(attrs).iter().filter(|meta| is_ours(meta)) {
            let args = args::parse(match meta {
                Meta::List(list) => list.tokens.clone(),
                _ => TokenStream::new(),
            })?;
            if args.skip && !attrs.iter().any(|attr| is_ours(&attr.meta)) {
                return Err(Error::new_spanned(
                    meta,
                    "`#[hotpatch(skip)]` under a condition is not supported: whether a function is hot is decided earlier",
                ));
            }
            mark = Some(if args.skip {
                Mark::Skip
            } else {
                Mark::Hot(args.krate)
            });
        }
        let attrs = rewrite(attrs, |meta| (!is_ours(meta)).then(|| meta.clone()));
        Ok(Self { attrs, mark })
    }
}

/// Whether the code may use instructions that not every processor has.
pub(crate) fn has_target_feature(attrs: &[Attribute]) -> bool {
    flatten(attrs)
        .iter()
        .any(|meta| meta.path().is_ident("target_feature"))
}

/// Whether this is `#[hotpatch]` itself, under any path.
pub(crate) fn is_ours(meta: &Meta) -> bool {
    let last = meta.path().segments.last();
    last.is_some_and(|last| last.ident == "hotpatch") && !matches!(meta, Meta::NameValue(_))
}

/// The condition that an attribute puts on what it stands on.
pub(crate) fn condition(meta: &Meta) -> Option<TokenStream> {
    let Meta::List(list) = meta else { return None };
    if list.path.is_ident("cfg") {
        return Some(list.tokens.clone());
    }
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let (predicate, metas) = conditional(list);
    let inner: Vec<_> = metas.iter().filter_map(condition).collect();
    (!inner.is_empty()).then(|| quote!(any(not(#predicate), all(#(#inner),*))))
}

/// The attributes of a body inside its trampoline.
pub(crate) fn of_inner_body(attrs: &[Attribute]) -> TokenStream {
    rewrite(attrs, |meta| {
        let path = meta.path();
        (path.is_ident("cold") || path.is_ident("target_feature")).then(|| meta.clone())
    })
}

/// The attributes of a body beside its trampoline.
pub(crate) fn of_sibling_body(attrs: &[Attribute]) -> TokenStream {
    rewrite(attrs, |meta| match name(meta.path()).as_str() {
        "cfg" | "cold" | "target_feature" | "coverage" | "optimize" | "allow" | "warn" | "deny"
        | "forbid" => Some(meta.clone()),
        "expect" => Some(tolerate(meta)),
        _ => None,
    })
}

/// The attributes of a trampoline whose body lies beside it.
pub(crate) fn of_sibling_trampoline(attrs: &[Attribute]) -> TokenStream {
    rewrite(attrs, |meta| {
        Some(if meta.path().is_ident("expect") {
            tolerate(meta)
        } else {
            meta.clone()
        })
    })
}

/// Each lint that is expected of the whole function may come from one half of it only, which leaves the other half
/// with an unfulfilled expectation.
fn tolerate(meta: &Meta) -> Meta {
    let Meta::List(list) = meta else {
        return meta.clone();
    };
    Meta::List(MetaList {
        path: Ident::new("allow", Span::mixed_site()).into(),
        ..list.clone()
    })
}

fn rewrite(attrs: &[Attribute], choose: impl Fn(&Meta) -> Option<Meta>) -> TokenStream {
    let chosen = attrs.iter().filter_map(|attr| {
        let meta = rewrite_meta(&attr.meta, &choose)?;
        let pound = attr.pound_token;
        Some(quote!(#pound [#meta]))
    });
    chosen.collect()
}

fn rewrite_meta(meta: &Meta, choose: &impl Fn(&Meta) -> Option<Meta>) -> Option<Meta> {
    let Meta::List(list) = meta else {
        return choose(meta);
    };
    if !list.path.is_ident("cfg_attr") {
        return choose(meta);
    }
    let (predicate, metas) = conditional(list);
    let metas: Vec<_> = metas
        .iter()
        .filter_map(|meta| rewrite_meta(meta, choose))
        .collect();
    let tokens = quote!(#predicate, #(#metas),*);
    (!metas.is_empty()).then(|| {
        Meta::List(MetaList {
            tokens,
            ..list.clone()
        })
    })
}

/// The parts of `cfg_attr(predicate, attribute, ..)`.
fn conditional(list: &MetaList) -> (TokenStream, Vec<Meta>) {
    let tokens: Vec<TokenTree> = list.tokens.clone().into_iter().collect();
    let mut parts = tokens
        .split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','))
        .map(|part| part.iter().cloned().collect::<TokenStream>());
    let predicate = parts.next().unwrap_or_default();
    (
        predicate,
        parts.filter_map(|part| syn::parse2(part).ok()).collect(),
    )
}

fn name(path: &Path) -> String {
    path.to_token_stream().to_string()
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use syn::parse::Parser;
    use syn::{Attribute, ItemFn, parse_str};

    use super::{flatten, name, of_sibling_body, of_sibling_trampoline};

    fn check(attributes: &str, trampoline: &str, body: &str) {
        let attrs = parse_str::<ItemFn>(&format!("{attributes} fn f() {{}}"))
            .unwrap()
            .attrs;
        let expect = |text: &str| text.parse::<TokenStream>().unwrap().to_string();
        assert_eq!(of_sibling_trampoline(&attrs).to_string(), expect(trampoline));
        assert_eq!(of_sibling_body(&attrs).to_string(), expect(body));
    }

    #[test]
    fn the_trampoline_keeps_all_and_a_sibling_gets_what_concerns_its_code() {
        check(
            "#[inline] #[must_use] #[unsafe(no_mangle)]",
            "#[inline] #[must_use] #[unsafe(no_mangle)]",
            "",
        );
        check(
            "#[cfg(a)] #[deny(b)] #[cold]",
            "#[cfg(a)] #[deny(b)] #[cold]",
            "#[cfg(a)] #[deny(b)] #[cold]",
        );
        check(
            "#[expect(a, reason = \"b\")]",
            "#[allow(a, reason = \"b\")]",
            "#[allow(a, reason = \"b\")]",
        );
        check(
            "#[cfg_attr(all(a, b), inline, expect(c))]",
            "#[cfg_attr(all(a, b), inline, allow(c))]",
            "#[cfg_attr(all(a, b), allow(c))]",
        );
        check("#[cfg_attr(true, inline)]", "#[cfg_attr(true, inline)]", "");
    }

    #[test]
    fn flatten_looks_into_conditions() {
        let attrs =
            Attribute::parse_outer.parse_str("#[cfg_attr(a, cfg_attr(b, cold), unsafe(naked))] #[c::d]");
        let names: Vec<_> = flatten(&attrs.unwrap())
            .iter()
            .map(|meta| name(meta.path()))
            .collect();
        assert_eq!(names, ["cold", "naked", "c :: d"]);
    }
}
