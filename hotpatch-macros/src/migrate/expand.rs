//! The implementation of the trait.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse_quote;

use super::item::Migrated;
use super::{describe, rebuild};

/// Generates it.
pub(super) fn expand(item: &Migrated) -> TokenStream {
    let krate = &item.krate;
    let private = &quote!(#krate::__state1);
    let mut generics = item.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(#private::Migrate));
    }
    let (of_impl, of_type, of_where) = generics.split_for_impl();
    let ident = &item.ident;
    let description = describe::description(item, private);
    let statements = rebuild::statements(item, private);
    quote! {
        #[automatically_derived]
        #[allow(unused_imports)]
        // SAFETY: the compiler says where the parts are.
        unsafe impl #of_impl #private::Migrate for #ident #of_type #of_where {
            fn describe() -> &'static #private::Description {
                use #private::{ViaMigrate as _, ViaPlain as _};
                #description
            }

            fn rebuild(old: &#private::Old<'_>) -> #private::Result<Self, #private::Failure> {
                use #private::{ViaDefault as _, ViaMigrate as _, ViaNothing as _, ViaPlain as _};
                let own = <Self as #private::Migrate>::describe();
                #statements
            }
        }
    }
}
