//! Enums without fields: numbers of which only some are values.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{DataEnum, Fields};

use super::Members;
use super::repr::Repr;
use crate::mistakes::Mistakes;

pub(super) fn members(
    mistakes: &mut Mistakes,
    private: &TokenStream,
    name: &Ident,
    repr: &Repr,
    data: &DataEnum,
) -> Members {
    let integer = repr.integer();
    match (integer, repr.of_machine()) {
        (Some(_), _) => {}
        (None, Some(word)) => mistakes.add(
            word,
            "the size of this depends on the machine\n  = help: use `u8`, or another integer of a fixed size",
        ),
        (None, None) => mistakes.add(
            name,
            "the size of this enum is for the compiler to choose, and may differ between host and module\n  = help: put \
             `#[repr(u8)]` on it, or another integer",
        ),
    }
    if data.variants.is_empty() {
        mistakes.add(
            name,
            "an enum without variants is not supported: it has no values",
        );
    }
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            mistakes.add(
                &variant.fields,
                "a variant with fields is not supported\n  = help: hold them in a `#[repr(C)]` struct, beside an enum that says \
                 which variant it is",
            );
        }
    }
    let integer = integer.map_or_else(|| quote!(u8), |integer| quote!(#integer));
    let names: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let shown = names.iter().map(|name| name.unraw().to_string());
    let enum_shown = name.unraw().to_string();
    Members {
        kind: quote! {
            #private::Kind::Choice(&[
                #(#private::Variant { name: #shown, number: #name::#names as #integer as i128 }),*
            ])
        },
        check: quote! {
            // SAFETY: the caller promises the bytes of a value, which is as large as this integer.
            let number = unsafe { bytes.cast::<#integer>().read_unaligned() };
            if #(number == #name::#names as #integer)||* {
                return ::core::result::Result::Ok(());
            }
            ::core::result::Result::Err(#private::no_variant(#enum_shown, number as i128))
        },
    }
}
