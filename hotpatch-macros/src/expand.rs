//! The generated code: one entry, one body, one call.
//!
//! ```text
//! fn tick(world: &mut World, dt: f32) {
//!     fn __hotpatch_body_<tag>(world: &mut World, dt: f32) { .. }
//!     static __HOTPATCH_ENTRY_<tag>: Entry = Entry::new("game::tick", "fn tick(..)", Some(Body(.. as *const ())));
//!     static __HOTPATCH_TYPES_<tag>: TypesOf = types_of(__hotpatch_body_<tag> as fn(_, _) -> _);
//!     inventory::submit! { Registered(&__HOTPATCH_ENTRY_<tag>) }
//!     unsafe { enter(&__HOTPATCH_ENTRY_<tag>, __hotpatch_body_<tag> as fn(_, _) -> _, move |body| body(world, dt)) }
//! }
//! ```
//!
//! An item inside a function cannot name `Self`, so the body of a method stands beside it:
//! `Self::__hotpatch_body_<tag>_<name>`.

use hotpatch_abi::names::{BODY_PREFIX, ENTRY_PREFIX, TYPES_PREFIX};
use hotpatch_abi::version::ABI_VERSION;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{FnArg, GenericParam, ItemImpl, Pat, PatIdent, PatType, Path, Signature};

use crate::attribute;
use crate::enclosing::{Enclosing, Place};
use crate::item::Function;
use crate::text;

/// How the body is kept.
enum Shape {
    /// Inside the trampoline.
    Function,
    /// Beside the trampoline, in the impl of this type.
    Method { self_ty: TokenStream },
    /// Beside the trampoline, in the impl of a type that only the compiler knows.
    UnknownMethod,
}

/// Generates the code of a function that has passed all checks.
pub(crate) fn expand(krate: &Path, function: &Function, enclosing: &Enclosing) -> TokenStream {
    let private = format_ident!("__private{ABI_VERSION}", span = Span::call_site());
    let private = quote!(#krate::#private);
    let Function {
        attrs,
        vis,
        sig,
        body: code,
    } = function;
    let name = sig.ident.unraw();
    let tag = text::tag(sig);
    let shape = shape(function, enclosing);

    let body = match shape {
        Shape::Function => format!("{BODY_PREFIX}{tag}"),
        Shape::Method { .. } | Shape::UnknownMethod => format!("{BODY_PREFIX}{tag}_{name}"),
    };
    let body = Ident::new(&body, Span::mixed_site());
    let body_sig = Signature {
        ident: body.clone(),
        ..sig.clone()
    };
    let (trampoline, arguments) = trampoline(sig);
    let (safety, abi) = (&sig.safety, &sig.abi);
    let inferred = arguments.iter().map(|_| quote!(_));
    let pointer = quote!(#safety #abi fn(#(#inferred),*) -> _);

    let types = Ident::new(&format!("{TYPES_PREFIX}{tag}"), Span::mixed_site());
    let types = |body: TokenStream| quote!(#[used] static #types: #private::TypesOf = #private::types_of(#body as #pointer););
    let (attrs, inside, address, types, pointer, beside) = match shape {
        Shape::Function => {
            let body_attrs = attribute::of_inner_body(attrs);
            (
                quote!(#(#attrs)*),
                quote!(#body_attrs #[inline(never)] #body_sig #code),
                quote!(#private::Some(#private::Body(#body as *const ()))),
                types(quote!(#body)),
                quote!(#body as #pointer),
                quote!(),
            )
        }
        Shape::Method { ref self_ty } => (
            attribute::of_sibling_trampoline(attrs),
            quote!(),
            quote!(#private::Some(#private::Body(<#self_ty>::#body as *const ()))),
            types(quote!(<#self_ty>::#body)),
            quote!(Self::#body as #pointer),
            sibling(function, &body_sig),
        ),
        Shape::UnknownMethod => (
            attribute::of_sibling_trampoline(attrs),
            // An entry stands for one function: this does not compile where `Self` has parameters.
            quote!(let _: [(); #private::concrete::<Self>()];),
            quote!(#private::None),
            quote!(),
            // The address of the body is not in the entry, so to LLVM the body is called from here only, and LLVM may
            // change how it takes its arguments. The code that replaces it would not know.
            quote!(#private::black_box(Self::#body as #pointer)),
            sibling(function, &body_sig),
        ),
    };

    let entry = Ident::new(&format!("{ENTRY_PREFIX}{tag}"), Span::mixed_site());
    let path = format!("::{}{name}", enclosing.path);
    let signature = text::signature(sig);
    quote! {
        #attrs #vis #trampoline {
            #inside
            static #entry: #private::Entry = #private::Entry::new(
                #private::concat!(#private::module_path!(), #path),
                #signature,
                #address,
            );
            #types
            #private::inventory::submit! { #private::Registered(&#entry) }
            // SAFETY: every body of this entry has the type of this one, because the tag in its name stands for it.
            unsafe { #private::enter(&#entry, #pointer, move |__hotpatch_body| __hotpatch_body(#(#arguments),*)) }
        }
        #beside
    }
}

fn shape(function: &Function, enclosing: &Enclosing) -> Shape {
    let in_signature = mentions_self(function.sig.to_token_stream());
    match &enclosing.place {
        Place::Impl(item) => Shape::Method {
            self_ty: self_type(item),
        },
        Place::Unknown if in_signature || mentions_self(function.body.to_token_stream()) => {
            Shape::UnknownMethod
        }
        // A file that is included into an impl.
        _ if in_signature => Shape::UnknownMethod,
        _ => Shape::Function,
    }
}

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "self" || ident == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        _ => false,
    })
}

/// The type of an impl as an expression outside of it may write it: its lifetimes are left to inference.
fn self_type(item: &ItemImpl) -> TokenStream {
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
    let lifetimes = item
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Lifetime(parameter) => Some(parameter.lifetime.ident.to_string()),
            GenericParam::Type(_) | GenericParam::Const(_) => None,
        });
    infer(item.self_ty.to_token_stream(), &lifetimes.collect::<Vec<_>>())
}

fn sibling(function: &Function, sig: &Signature) -> TokenStream {
    let attrs = attribute::of_sibling_body(&function.attrs);
    let code = &function.body;
    quote!(#attrs #[doc(hidden)] #[inline(never)] #sig #code)
}

/// The signature with a name for each argument, and the names.
///
/// An argument keeps the name that it has, so that documentation shows it and attribute macros find it.
fn trampoline(sig: &Signature) -> (Signature, Vec<Ident>) {
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
