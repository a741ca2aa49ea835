//! The description of a type.

use proc_macro2::TokenStream;
use quote::quote;

use super::item::{Content, Field, Migrated, Variant};

/// An expression for the description, which is a constant.
pub(super) fn description(item: &Migrated, private: &TokenStream) -> TokenStream {
    let ident = &item.ident;
    let name = match &item.args.name {
        Some(name) => quote!(#name),
        None => quote!(#private::concat!(#private::module_path!(), "::", #private::stringify!(#ident))),
    };
    let version = match &item.args.version {
        Some(version) => quote!(#version),
        None => quote!(1),
    };
    let kind = match &item.content {
        Content::Struct(fields) => structure(fields, private),
        Content::Enum(variants) => enumeration(variants, private),
    };
    let down = match &item.args.down {
        None => quote!(#private::None),
        Some(None) => quote!(#private::Some(#private::Downward::ByItself)),
        Some(Some(function)) => quote! {
            #private::Some(#private::Downward::With(|value, down| {
                #private::downed_by(unsafe { &*value.cast::<Self>() }, down, #function)
            }))
        },
    };
    quote! {
        const { &#private::Description::of::<Self>(|| #name, #version, #kind, #down) }
    }
}

/// An expression that tells what the type of a field is made of.
pub(super) fn probed(of: &syn::Type, private: &TokenStream) -> TokenStream {
    quote!((&&#private::Probe::<#of>(#private::PhantomData)))
}

fn describe(field: &Field, private: &TokenStream) -> TokenStream {
    let probe = probed(&field.of, private);
    quote!(|| (#probe.describe())())
}

fn structure(fields: &[Field], private: &TokenStream) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (name, member) = (&field.name, &field.member);
        let describe = describe(field, private);
        quote! {
            #private::Field {
                name: #name,
                offset: #private::offset_of!(Self, #member),
                describe: #describe,
            }
        }
    });
    quote!(#private::Kind::Struct(const { &[#(#fields),*] }))
}

fn enumeration(variants: &[Variant], private: &TokenStream) -> TokenStream {
    let described = variants.iter().map(|variant| {
        let name = variant.ident.to_string();
        let name = name.trim_start_matches("r#");
        let discriminant = &variant.discriminant;
        let fields = variant.fields.iter().map(|field| {
            let name = &field.name;
            let describe = describe(field, private);
            quote!((#name, #describe))
        });
        quote! {
            #private::Variant {
                name: #name,
                discriminant: #discriminant,
                fields: const { &[#(#fields),*] },
            }
        }
    });
    let visited = variants.iter().enumerate().map(|(index, variant)| {
        let ident = &variant.ident;
        let (members, variables): (Vec<_>, Vec<_>) =
            variant.fields.iter().map(|field| (&field.member, &field.variable)).unzip();
        quote! {
            Self::#ident { #(#members: #variables),* } => each(#index, &[#(#private::from_ref(#variables).cast()),*])
        }
    });
    quote! {
        #private::Kind::Enum {
            variants: const { &[#(#described),*] },
            visit: |value, each| match unsafe { &*value.cast::<Self>() } { #(#visited),* },
        }
    }
}
