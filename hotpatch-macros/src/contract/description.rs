//! The description of a contract: a static that both sides have.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::Contract;
use super::function::{Function, Way};
use super::record;

pub(super) fn expand(contract: &Contract) -> TokenStream {
    let Contract {
        private,
        name,
        version,
        functions,
        conditions,
        ..
    } = contract;
    let constant = contract.description();
    let shown = name.unraw().to_string();
    let version = version.numbers();
    let functions = functions.iter().map(|function| describe(private, function));
    quote! {
        #(#conditions)*
        #[doc(hidden)]
        #[allow(non_upper_case_globals)]
        static #constant: #private::Contract = #private::Contract {
            name: #shown,
            version: #private::ModuleVersion::new(#version),
            functions: &[#(#functions),*],
        };
    }
}

fn describe(private: &TokenStream, function: &Function) -> TokenStream {
    let record = record::define(private, function);
    let input = record::name();
    let name = function.name.unraw().to_string();
    let (shown, output) = (&function.shown, &function.output);
    let arguments = function.arguments.iter().map(|argument| {
        let ty = &argument.ty;
        match &argument.way {
            Way::Value => quote!(#private::Argument::value::<#ty>()),
            Way::Reference(ty) => quote!(#private::Argument::reference::<#ty>()),
            Way::Slice(ty) => quote!(#private::Argument::slice::<#ty>()),
            Way::Text => quote!(#private::Argument::Text),
        }
    });
    let parts = function.arguments.iter().enumerate().map(|(index, argument)| {
        let field = record::field(index);
        let offset = quote!(::core::mem::offset_of!(#input, #field));
        let ty = &argument.ty;
        match &argument.way {
            Way::Value => quote!(#private::part::value::<#ty>(#offset)),
            Way::Reference(ty) => quote!(#private::part::reference::<#ty>(#offset)),
            Way::Slice(ty) => quote!(#private::part::slice::<#ty>(#offset)),
            Way::Text => quote!(#private::part::slice::<u8>(#offset)),
        }
    });
    quote! {{
        #record
        const SIGNATURE: #private::Signature = #private::Signature::new::<#output>(&[#(#arguments),*]);
        const LAYOUT: [u8; SIGNATURE.text_len()] = SIGNATURE.text();
        #private::ContractFunction {
            name: #name,
            shown: #shown,
            layout: #private::utf8(&LAYOUT),
            signature: #private::Signature::hash(&LAYOUT),
            input: &[#(#parts),*],
            input_size: ::core::mem::size_of::<#input>(),
            output: SIGNATURE.crossing,
        }
    }}
}
