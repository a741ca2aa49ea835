//! The code that makes a value out of an earlier one.

use proc_macro2::TokenStream;
use quote::quote;

use super::describe::probed;
use super::item::{Content, Field, Migrated};

/// The statements of the function: `old` is the earlier value, `own` the description of the type.
pub(super) fn statements(item: &Migrated, private: &TokenStream) -> TokenStream {
    let asked = item.args.with.as_ref().map(|function| {
        quote! {
            if old.asks(own) {
                return #private::rebuilt_by(old, #function);
            }
        }
    });
    let made = match &item.content {
        Content::Struct(fields) => made(&quote!(Self), fields, private),
        Content::Enum(variants) => {
            let variants = variants.iter().map(|variant| {
                let ident = &variant.ident;
                let name = ident.to_string();
                let name = name.trim_start_matches("r#");
                let from = variant.from.iter();
                let made = made(&quote!(Self::#ident), &variant.fields, private);
                quote!(#private::Some(#name #(| #from)*) => { #made })
            });
            quote! {
                match old.variant() {
                    #(#variants)*
                    _ => #private::Err(old.variant_is_gone(own)),
                }
            }
        }
    };
    quote! {
        #asked
        old.open(own)?;
        #made
    }
}

fn made(constructor: &TokenStream, fields: &[Field], private: &TokenStream) -> TokenStream {
    let taken = fields.iter().map(|field| {
        let (variable, part) = (&field.variable, part(field, private));
        // Not dropped if a later one fails: the old value has most of it, too.
        quote!(let #variable = #part.take(old)?;)
    });
    let given = fields.iter().map(|field| {
        let (member, variable) = (&field.member, &field.variable);
        quote!(#member: #private::ManuallyDrop::into_inner(#variable))
    });
    quote! {
        #(#taken)*
        #private::Ok(#constructor { #(#given),* })
    }
}

fn part(field: &Field, private: &TokenStream) -> TokenStream {
    let (name, of) = (&field.name, &field.of);
    let probe = probed(of, private);
    let from = match &field.args.from {
        Some(from) => quote!(#private::Some(#from)),
        None => quote!(#private::None),
    };
    let with = match &field.args.with {
        Some(function) => quote!(#private::Some(|old| #private::rebuilt_by(old, #function))),
        None => quote!(#private::None),
    };
    let fallback = match &field.args.default {
        Some(Some(value)) => quote!(#private::Fallback::Said(|| #value)),
        Some(None) => quote!(#private::Fallback::Said(<#of as #private::Default>::default)),
        None => quote!(#probe.fallback()),
    };
    quote! {
        #private::Part::<#of> {
            name: #name,
            from: #from,
            describe: #probe.describe(),
            rebuild: #probe.rebuild(),
            with: #with,
            fallback: #fallback,
        }
    }
}
