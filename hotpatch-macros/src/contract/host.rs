//! The side of the host: a client, whose methods are the functions of the contract.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::Contract;
use super::function::{Function, Way};
use super::module::{code, shim_name};
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
    let client = format_ident!("{name}Client");
    let about = format!(
        "The functions of the contract [`{name}`], by whichever module a host has for them at the moment of a call."
    );
    let description = contract.description();
    let fields = functions.iter().map(|function| {
        let name = &function.name;
        quote!(#name: #private::Function)
    });
    let bind = functions.iter().map(|function| {
        let name = &function.name;
        quote!(#name: functions.next()?)
    });
    let methods = functions.iter().map(|function| method(private, function));
    let shims = functions.iter().map(|function| {
        let shim = shim_name(function);
        let record = record::define(private, function);
        // SAFETY: the host hands over the value that it was given with this function.
        let instance = quote!(unsafe { #private::serve::<__HotpatchSelf>(context) });
        let code = code(contract, function, &instance);
        quote! {
            unsafe extern "C" fn #shim<__HotpatchSelf: #name + 'static>(
                context: *mut ::core::ffi::c_void,
                input: *const ::core::ffi::c_void,
                output: *mut ::core::ffi::c_void,
            ) -> i32 {
                #record
                let _ = context;
                #code
            }
        }
    });
    let pointers = functions.iter().map(|function| {
        let shim = shim_name(function);
        quote!(#shim::<__HotpatchSelf>)
    });
    quote! {
        #private::host! {
            #(#conditions)*
            #[doc = #about]
            #[derive(::core::clone::Clone, ::core::fmt::Debug)]
            #vis struct #client { #(#fields),* }

            #(#conditions)*
            impl #client { #(#methods)* }

            #(#conditions)*
            const _: () = {
                impl #private::Client for #client {
                    const CONTRACT: &'static #private::Contract = &#description;

                    unsafe fn bind(
                        functions: &mut dyn ::core::iter::Iterator<Item = #private::Function>,
                    ) -> ::core::option::Option<Self> {
                        ::core::option::Option::Some(Self { #(#bind),* })
                    }
                }

                #(#shims)*

                // SAFETY: each function takes the input of its contract, and `__HotpatchSelf` as the context.
                unsafe impl<__HotpatchSelf: #name + ::core::marker::Send + ::core::marker::Sync + 'static> #private::ImplementedBy<__HotpatchSelf> for #client {
                    const FUNCTIONS: &'static [#private::ModuleFn] = &[#(#pointers),*];
                }
            };
        }
    }
}

fn method(private: &TokenStream, function: &Function) -> TokenStream {
    let Function {
        name,
        attrs,
        arguments,
        output,
        ..
    } = function;
    let record = record::define(private, function);
    let input = record::name();
    let names: Vec<_> = arguments
        .iter()
        .enumerate()
        .map(|(index, argument)| {
            argument
                .name
                .clone()
                .unwrap_or_else(|| format_ident!("argument{index}"))
        })
        .collect();
    let types = arguments.iter().map(|argument| &argument.ty);
    let values = arguments
        .iter()
        .enumerate()
        .zip(&names)
        .map(|((index, argument), name)| {
            let field = record::field(index);
            match &argument.way {
                Way::Value => quote!(#field: #name),
                Way::Reference(_) => quote!(#field: #name),
                Way::Slice(_) => quote!(#field: #private::Slice::new(#name)),
                Way::Text => quote!(#field: #private::Slice::new(str::as_bytes(#name))),
            }
        });
    let undocumented = !attrs.iter().any(|attr| attr.path().is_ident("doc"));
    let about = undocumented.then(|| format!("Calls `{name}`.")).into_iter();
    quote! {
        #(#attrs)*
        #(#[doc = #about])*
        ///
        /// # Errors
        ///
        /// Nobody offers the function, it panicked, or it gave back what is no value of its type.
        #[inline]
        pub fn #name(&self, #(#names: #types),*) -> ::core::result::Result<#output, #private::CallError> {
            #record
            let input = #input { #(#values),* };
            // SAFETY: the function is that of the contract, and this is its input.
            unsafe { #private::call::<#output, #input>(&self.#name, &input) }
        }
    }
}
