//! `#[derive(Shared)]`: the layout of a type as data, and the check of bytes that are to be one.

mod choice;
mod record;
mod repr;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Path, Result};

use crate::contract::private;
use crate::krate;
use crate::mistakes::Mistakes;
use repr::Repr;

/// The two members of the impl.
struct Members {
    /// The expression of its kind.
    kind: TokenStream,
    /// The body of `check`, where `bytes` is the pointer.
    check: TokenStream,
}

/// The code for a type.
pub(crate) fn derive(item: TokenStream) -> Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    let mut mistakes = Mistakes::default();
    let krate = krate(&mut mistakes, &item);
    let private = private(&krate.unwrap_or_else(krate::of_modules));
    let repr = mistakes.take(Repr::of(&item.attrs)).unwrap_or_default();
    if !item.generics.params.is_empty() {
        mistakes.add(
            &item.generics.params,
            "parameters are not supported: both sides must know the type\n  = help: write the types out",
        );
    }
    let members = match &item.data {
        Data::Struct(data) => Some(record::members(&mut mistakes, &private, &item.ident, &repr, data)),
        Data::Enum(data) => Some(choice::members(&mut mistakes, &private, &item.ident, &repr, data)),
        Data::Union(data) => {
            mistakes.add(
                data.union_token,
                "a `union` is not supported: its bytes do not tell what they are\n  = help: make a `#[repr(C)]` struct of it",
            );
            None
        }
    };
    mistakes.into_result()?;
    let Some(Members { kind, check }) = members else {
        return Ok(quote!());
    };
    let name = &item.ident;
    let shown = name.to_string();
    Ok(quote! {
        const _: () = {
            // SAFETY: the `repr` fixes the layout, the fields are shared, and `check` looks at each of them.
            #[automatically_derived]
            unsafe impl #private::Shared for #name {
                const LAYOUT: &'static #private::Layout = &#private::Layout::of::<Self>(#shown, #kind);

                #[inline]
                unsafe fn check(
                    bytes: *const u8,
                ) -> ::core::result::Result<(), #private::Invalid> {
                    #check
                }
            }
        };
    })
}

/// The path in `#[shared(crate = path)]`.
fn krate(mistakes: &mut Mistakes, item: &DeriveInput) -> Option<Path> {
    let mut krate = None;
    for attr in item.attrs.iter().filter(|attr| attr.path().is_ident("shared")) {
        let parsed = attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("unknown argument; expected `crate = path`"));
            }
            krate = Some(meta.value()?.call(Path::parse_mod_style)?);
            Ok(())
        });
        mistakes.take(parsed);
    }
    krate
}
