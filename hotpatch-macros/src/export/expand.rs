//! The generated manifest, with all that it points to.
//!
//! ```text
//! static KEEPER_0: Keeper<Discount> = ..;               // the value, made when the module is loaded
//! const OFFER_0: Offer = Pricing::<Discount, Value0>(); // its functions, made by `#[contract]`
//! static FUNCTIONS: Table<[ModuleFunction; N]> = ..;
//! static HOTPATCH_MODULE_V1: Module = ..;
//! ```

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Ident, Result};

use super::args::{Args, Fulfilled};
use crate::contract::{Version, private};
use crate::krate;

/// Generates the manifest of a module.
pub(super) fn expand(args: &Args) -> Result<TokenStream> {
    let krate = args.krate.clone().unwrap_or_else(krate::of_modules);
    let private = private(&krate);
    let name = &args.name;
    let version = args.version.map_or_else(of_package, Ok)?.numbers();
    let host = args.host.map_or_else(|| quote!(0, 0, 0), Version::numbers);
    let parts = args.contracts.iter().enumerate();
    let values = parts
        .clone()
        .map(|(index, fulfilled)| value(&private, index, fulfilled));
    let offers: Vec<Ident> = parts
        .clone()
        .map(|(index, _)| format_ident!("__HOTPATCH_OFFER_{index}"))
        .collect();
    let keepers: Vec<Ident> = parts
        .map(|(index, _)| format_ident!("__HOTPATCH_KEEPER_{index}"))
        .collect();
    let held = args.contracts.iter().zip(&keepers).map(|(fulfilled, keeper)| {
        let by = &fulfilled.by;
        quote_spanned!(by.span()=> #private::held::<#by>(&#keeper))
    });
    let contract_count = offers.len();
    let dependency_count = args.depends.len();
    let depends = args.depends.iter().map(|needed| {
        let (name, at_least) = (&needed.name, needed.at_least.numbers());
        quote!(#private::dependency(#name, #at_least))
    });
    let hooks = hooks(args, &private);
    let on_reload = match &args.on_reload {
        Some(_) => quote!(::core::option::Option::Some(__hotpatch_on_reload)),
        None => quote!(::core::option::Option::None),
    };
    Ok(quote! {
        const _: () = {
            #(#values)*
            static __HOTPATCH_FUNCTIONS: #private::Table<[#private::ModuleFunction; 0 #(+ #offers.functions.len())*]> =
                #private::join(&[#(&#offers),*]);
            static __HOTPATCH_CONTRACTS: #private::Table<[#private::ModuleContract; #contract_count]> =
                #private::Table([#(#private::contract(&#offers)),*]);
            static __HOTPATCH_DEPENDENCIES: #private::Table<[#private::ModuleDependency; #dependency_count]> =
                #private::Table([#(#depends),*]);
            static __HOTPATCH_KEEPERS: &[&dyn #private::Held] = &[#(#held),*];

            #hooks

            #[unsafe(no_mangle)]
            pub static HOTPATCH_MODULE_V1: #private::Module = #private::Module {
                magic: #private::MODULE_MAGIC,
                abi_version: #private::MODULE_ABI_VERSION,
                struct_size: ::core::mem::size_of::<#private::Module>() as u32,
                name: #private::text(#name),
                version: #private::ModuleVersion::new(#version),
                required_host: #private::ModuleVersion::new(#host),
                functions: __HOTPATCH_FUNCTIONS.0.as_ptr(),
                function_count: __HOTPATCH_FUNCTIONS.0.len(),
                dependencies: __HOTPATCH_DEPENDENCIES.0.as_ptr(),
                dependency_count: __HOTPATCH_DEPENDENCIES.0.len(),
                contracts: __HOTPATCH_CONTRACTS.0.as_ptr(),
                contract_count: __HOTPATCH_CONTRACTS.0.len(),
                on_load: ::core::option::Option::Some(__hotpatch_on_load),
                on_unload: ::core::option::Option::Some(__hotpatch_on_unload),
                on_reload: #on_reload,
            };
        };
    })
}

/// The version of the package that is being compiled.
fn of_package() -> Result<Version> {
    let text = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    Version::of(&text).ok_or_else(|| {
        let message = format!("the version of the package, {text:?}, is none that a module can have\n  = help: add `version: \"1.0.0\"`");
        Error::new(Span::call_site(), message)
    })
}

/// The value that implements a contract, and what it offers.
fn value(private: &TokenStream, index: usize, fulfilled: &Fulfilled) -> TokenStream {
    let Fulfilled { contract, by } = fulfilled;
    let (keeper, value, offer) = (
        format_ident!("__HOTPATCH_KEEPER_{index}"),
        format_ident!("__HotpatchValue{index}"),
        format_ident!("__HOTPATCH_OFFER_{index}"),
    );
    quote! {
        static #keeper: #private::Keeper<#by> = #private::Keeper::new();
        struct #value;
        impl #private::Instance<#by> for #value {
            #[inline(always)]
            fn get() -> &'static #by {
                #keeper.get()
            }
        }
        const #offer: #private::Offer = #contract::<#by, #value>();
    }
}

fn hooks(args: &Args, private: &TokenStream) -> TokenStream {
    let start = match &args.on_load {
        Some(hook) => quote_spanned!(hook.span()=> #private::start(__HOTPATCH_KEEPERS, #hook)),
        None => quote!(#private::start(__HOTPATCH_KEEPERS, || {})),
    };
    let on_unload = args
        .on_unload
        .as_ref()
        .map_or_else(|| quote!(|| {}), |hook| quote!(#hook));
    let on_reload = args.on_reload.as_ref().map(|hook| {
        let reload = quote_spanned!(hook.span()=> #private::reload(__HOTPATCH_KEEPERS, old, #hook));
        quote! {
            unsafe extern "C" fn __hotpatch_on_reload(
                _: *mut ::core::ffi::c_void,
                old: *const #private::ModuleVersion,
            ) -> i32 {
                // SAFETY: the host hands over a version.
                unsafe { #reload }
            }
        }
    });
    quote! {
        unsafe extern "C" fn __hotpatch_on_load(_: *mut ::core::ffi::c_void) -> i32 {
            #start
        }
        unsafe extern "C" fn __hotpatch_on_unload(_: *mut ::core::ffi::c_void) {
            #private::stop(__HOTPATCH_KEEPERS, #on_unload)
        }
        #on_reload
    }
}
