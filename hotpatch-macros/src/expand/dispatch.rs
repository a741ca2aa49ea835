//! How a trampoline finds the code that its function has now.
//!
//! - By a *slot*: the function is one, so it has a record, with which the runtime finds its code fastest.
//! - As an *instance*: with type or const parameters there is a body for each choice of them, and no static can be. The
//!   body that the trampoline was compiled with tells which one it is; the runtime has its address in a map.

use hotpatch_abi::names::{BODY_PREFIX, ENTRY_PREFIX, INSTANCE_PREFIX, TYPES_PREFIX};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Signature;

use super::home::Home;
use super::{Subject, signature};
use crate::text;

/// The way from a trampoline to the code.
pub(super) enum Dispatch {
    Slot,
    Instance,
}

pub(super) fn of(subject: &Subject<'_>, home: &Home<'_>) -> Dispatch {
    let sig = &subject.function.sig;
    if home.has_parameters() || signature::has_parameters(&sig.generics) || signature::takes_impl_trait(sig) {
        Dispatch::Instance
    } else {
        Dispatch::Slot
    }
}

impl Dispatch {
    /// What the name of the body begins with.
    pub(super) fn prefix(&self) -> &'static str {
        match self {
            Self::Slot => BODY_PREFIX,
            Self::Instance => INSTANCE_PREFIX,
        }
    }

    /// What others must know about the function, and the call of its code.
    pub(super) fn generate(
        &self,
        subject: &Subject<'_>,
        home: &Home<'_>,
        body: &Signature,
        arguments: &[Ident],
    ) -> (TokenStream, TokenStream) {
        let private = &subject.private;
        let pointer = signature::pointer(body);
        let callee = home.callee(body);
        let run = quote!(move |__hotpatch_body| __hotpatch_body(#(#arguments),*));
        let path = format!("::{}{}", subject.enclosing.path, subject.name);
        let path = quote!(#private::concat!(#private::module_path!(), #path));
        let signature = text::signature(&subject.function.sig);
        match self {
            Self::Slot => {
                let global = home.global(body);
                let entry = named(ENTRY_PREFIX, subject);
                let types = named(TYPES_PREFIX, subject);
                let describe = quote! {
                    static #entry: #private::Entry = #private::Entry::new(
                        #path,
                        #signature,
                        #private::Some(#private::Body(#global as *const ())),
                    );
                    #[used]
                    static #types: #private::TypesOf = #private::types_of(#global as #pointer);
                    #private::inventory::submit! { #private::Registered(&#entry) }
                };
                (
                    describe,
                    quote!(#private::enter(&#entry, #callee as #pointer, #run)),
                )
            }
            Self::Instance => {
                let describe = quote! {
                    #private::inventory::submit! {
                        #private::RegisteredGeneric { path: #path, signature: #signature }
                    }
                };
                (
                    describe,
                    quote!(#private::enter_instance(#callee as #pointer, #run)),
                )
            }
        }
    }
}

fn named(prefix: &str, subject: &Subject<'_>) -> Ident {
    Ident::new(&format!("{prefix}{}", subject.tag), Span::mixed_site())
}
