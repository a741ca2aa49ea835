//! The record that is the input of a function. It is written out on both sides, with the same layout.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::function::{Argument, Function, Way};

/// The name of the record. No type of the user's has it.
pub(super) fn name() -> Ident {
    format_ident!("__HotpatchInput")
}

/// The name of its field for an argument.
pub(super) fn field(index: usize) -> Ident {
    format_ident!("a{index}")
}

/// The record, as an item for the inside of a block.
pub(super) fn define(private: &TokenStream, function: &Function) -> TokenStream {
    let name = name();
    let fields = function.arguments.iter().enumerate().map(|(index, argument)| {
        let (field, ty) = (field(index), ty(private, argument));
        quote!(#field: #ty)
    });
    quote! {
        #[repr(C)]
        struct #name { #(#fields),* }
    }
}

fn ty(private: &TokenStream, argument: &Argument) -> TokenStream {
    match &argument.way {
        Way::Value => {
            let ty = &argument.ty;
            quote!(#ty)
        }
        Way::Reference(ty) => quote!(*const #ty),
        Way::Slice(ty) => quote!(#private::Slice<#ty>),
        Way::Text => quote!(#private::Slice<u8>),
    }
}
