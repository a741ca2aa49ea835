//! The side of the module: a function for each of the contract, with the types of the ABI, around that of the user.
//!
//! They lie in a function that has the name of the trait, so that whoever imports the trait has it too.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::Contract;
use super::function::{Function, Way};
use super::record;

pub(super) fn expand(contract: &Contract) -> TokenStream {
    let Contract {
        private,
        vis,
        name,
        functions,
        conditions,
        ..
    } = contract;
    let description = contract.description();
    let shims = functions.iter().map(|function| {
        let shim = shim_name(function);
        let code = code(
            contract,
            function,
            &quote!(<__HotpatchInstance as #private::Instance<__HotpatchSelf>>::get()),
        );
        let record = record::define(private, function);
        quote! {
            unsafe extern "C" fn #shim<
                __HotpatchSelf: #name + 'static,
                __HotpatchInstance: #private::Instance<__HotpatchSelf>,
            >(
                _: *mut ::core::ffi::c_void,
                input: *const ::core::ffi::c_void,
                output: *mut ::core::ffi::c_void,
            ) -> i32 {
                #record
                #code
            }
        }
    });
    let entries = functions.iter().enumerate().map(|(index, function)| {
        let shim = shim_name(function);
        quote!(#private::function(&#description.functions[#index], #shim::<__HotpatchSelf, __HotpatchInstance>))
    });
    quote! {
        #(#conditions)*
        #[doc(hidden)]
        #[allow(non_snake_case)]
        #vis const fn #name<
            __HotpatchSelf: #name + 'static,
            __HotpatchInstance: #private::Instance<__HotpatchSelf>,
        >() -> #private::Offer {
            #(#shims)*
            const {
                #private::Offer {
                    contract: &#description,
                    functions: &[#(#entries),*],
                }
            }
        }
    }
}

/// The name of the function of the ABI around one of the user's.
pub(super) fn shim_name(function: &Function) -> Ident {
    format_ident!("__hotpatch_{}", function.name.unraw())
}

/// The body of the function of the ABI. `instance` is the value whose method it is.
pub(super) fn code(contract: &Contract, function: &Function, instance: &TokenStream) -> TokenStream {
    let Contract { private, name, .. } = contract;
    let (input, method, output) = (record::name(), &function.name, &function.output);
    let receiver = function.receiver.then(|| quote!(#instance,));
    let arguments = function.arguments.iter().enumerate().map(|(index, argument)| {
        let field = record::field(index);
        match &argument.way {
            Way::Value => quote!(input.#field),
            // SAFETY: the host made the pointer of a reference that outlives the call.
            Way::Reference(_) => quote!(unsafe { &*input.#field }),
            // SAFETY: the host made it of a slice that outlives the call.
            Way::Slice(_) => quote!(unsafe { input.#field.get() }),
            // SAFETY: the host made it of a text that outlives the call.
            Way::Text => quote!(unsafe { #private::utf8_unchecked(input.#field.get()) }),
        }
    });
    quote! {
        #private::run(|| {
            // SAFETY: the host hands over the input and the output that the signature stands for.
            let input = unsafe { #private::serve::<#input>(input) };
            let result = <__HotpatchSelf as #name>::#method(#receiver #(#arguments),*);
            // SAFETY: as above.
            unsafe { #private::send::<#output>(result, output) }
        })
    }
}
