//! Structs: fields at places that their `repr` fixes.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::{DataStruct, Index, Member};

use super::Members;
use super::repr::Repr;
use crate::contract::refuse_type;
use crate::mistakes::Mistakes;

pub(super) fn members(
    mistakes: &mut Mistakes,
    private: &TokenStream,
    name: &Ident,
    repr: &Repr,
    data: &DataStruct,
) -> Members {
    if !repr.has("C") && !repr.has("transparent") {
        mistakes.add(
            name,
            "the layout of this struct is for the compiler to choose, and may differ between host and module\n  = help: put \
             `#[repr(C)]` on it",
        );
    }
    if data.fields.is_empty() {
        mistakes.add(
            name,
            "a struct without fields is not supported: there is nothing that could cross",
        );
    }
    let (mut fields, mut checks) = (Vec::new(), Vec::new());
    for (index, field) in data.fields.iter().enumerate() {
        refuse_type(mistakes, &field.ty);
        let member = match &field.ident {
            Some(ident) => Member::Named(ident.clone()),
            None => Member::Unnamed(Index::from(index)),
        };
        let shown = match &field.ident {
            Some(ident) => ident.unraw().to_string(),
            None => index.to_string(),
        };
        let within = format!(".{shown}");
        let ty = &field.ty;
        fields.push(quote! {
            #private::Field {
                name: #shown,
                offset: ::core::mem::offset_of!(#name, #member),
                layout: <#ty as #private::Shared>::LAYOUT,
            }
        });
        checks.push(quote! {
            // SAFETY: the field lies within the bytes of the record.
            #private::within(
                unsafe { <#ty as #private::Shared>::check(bytes.add(::core::mem::offset_of!(#name, #member))) },
                #within,
            )?;
        });
    }
    Members {
        kind: quote!(#private::Kind::Record(&[#(#fields),*])),
        check: quote!(#(#checks)* ::core::result::Result::Ok(())),
    }
}
