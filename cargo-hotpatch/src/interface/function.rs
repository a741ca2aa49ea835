//! Which functions are plain: other crates know them by their declaration alone.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, FnArg, GenericParam, Generics, ReturnType, Signature, Type};

use super::known;
use super::regime::Regime;

/// Whether the body of a function is its own business, as far as the function itself decides.
pub(super) fn is_plain(attributes: &[Attribute], sig: &Signature, regime: Regime) -> bool {
    let attributes_are_known = attributes
        .iter()
        .all(|attribute| known::is_attribute(attribute) || known::is_hot(attribute));
    let declared = attributes_are_known
        && sig.constness.is_none()
        && sig.asyncness.is_none()
        && has_only_lifetimes(&sig.generics)
        && is_spelled_out(sig.to_token_stream());
    match regime {
        Regime::Declared => declared,
        Regime::Inferred => declared && tells_nothing(attributes, sig),
        Regime::Unknown => false,
    }
}

/// Whether there is one instance of what has these generics.
pub(super) fn has_only_lifetimes(generics: &Generics) -> bool {
    let is_lifetime = |parameter: &GenericParam| matches!(parameter, GenericParam::Lifetime(_));
    generics.params.iter().all(is_lifetime)
}

/// Whether all types are written out: the code of opaque ones is that of the body, macros may make any type, and some
/// types make every function inlined that has them.
fn is_spelled_out(tokens: TokenStream) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let opaque = ["f16", "f128", "impl", "macro"];
    tokens.iter().enumerate().all(|(index, token)| match token {
        TokenTree::Ident(word) => {
            let called = matches!(
                (tokens.get(index + 1), tokens.get(index + 2)),
                (Some(TokenTree::Punct(mark)), Some(TokenTree::Group(_))) if mark.as_char() == '!'
            );
            !called && !opaque.iter().any(|opaque| word == opaque)
        }
        TokenTree::Group(group) => is_spelled_out(group.stream()),
        _ => true,
    })
}

/// Whether rustc infers nothing for callers: the function must not be inlined, and all it is passed and returns is
/// passed in registers. A hot body is only called through its trampoline, which calls it through a pointer.
fn tells_nothing(attributes: &[Attribute], sig: &Signature) -> bool {
    if attributes.iter().any(known::is_hot) {
        return true;
    }
    let inputs = sig.inputs.iter().all(|input| match input {
        FnArg::Receiver(receiver) => {
            let plain = receiver.to_token_stream().into_iter().next();
            matches!(plain, Some(TokenTree::Punct(punct)) if punct.as_char() == '&')
        }
        FnArg::Typed(argument) => is_direct(&argument.ty),
    });
    let output = match &sig.output {
        ReturnType::Default => true,
        ReturnType::Type(_, ty) => is_direct(ty),
    };
    attributes.iter().any(known::is_never_inlined) && inputs && output
}

/// Whether values of a type are never passed in memory.
fn is_direct(ty: &Type) -> bool {
    const PRIMITIVES: [&str; 16] = [
        "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "u128", "u16", "u32",
        "u64", "u8", "usize",
    ];
    match ty {
        Type::Reference(_) | Type::Ptr(_) | Type::Never(_) => true,
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        Type::Path(path) => {
            let name: Option<&Ident> = path.path.get_ident();
            name.is_some_and(|name| PRIMITIVES.contains(&name.to_string().as_str()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(function: &str, declared: bool, inferred: bool) {
        let item: syn::ImplItemFn = syn::parse_str(function).unwrap();
        let plain = |regime| is_plain(&item.attrs, &item.sig, regime);
        assert_eq!(plain(Regime::Declared), declared, "{function}");
        assert_eq!(plain(Regime::Inferred), inferred, "{function}");
        assert!(!plain(Regime::Unknown), "{function}");
    }

    #[test]
    fn plain_without_optimisation() {
        check("fn f(a: Big) -> Big {}", true, false);
        check(
            "pub unsafe extern \"C\" fn f<'a>(a: &'a str) -> &'a str {}",
            true,
            false,
        );
        check("/// Text.\n#[must_use] fn f(&self) -> u8 {}", true, false);
        check("fn f<T>() {}", false, false);
        check("fn f<const N: usize>() {}", false, false);
        check("fn f(a: impl Fn()) {}", false, false);
        check("fn f() -> Box<impl Fn()> {}", false, false);
        check("const fn f() {}", false, false);
        check("async fn f() {}", false, false);
        check("#[inline] fn f() {}", false, false);
        check("#[inline(always)] fn f() {}", false, false);
        check("#[track_caller] fn f() {}", false, false);
        check("#[instrument] fn f() {}", false, false);
        check("fn f() -> made!(u8) {}", false, false);
    }

    #[test]
    fn plain_in_optimised_code() {
        check(
            "#[inline(never)] fn f(&self, a: &Big, b: u32) -> u32 {}",
            true,
            true,
        );
        check("#[inline(never)] fn f(a: Big) {}", true, false);
        check("#[inline(never)] fn f(self) {}", true, false);
        check("#[inline(never)] fn f() -> Big {}", true, false);
        check("#[hotpatch] fn f(a: Big) -> Big {}", true, true);
        check("#[hotpatch::hotpatch] fn f(self) {}", true, true);
    }
}
