//! The generated code: a trampoline, which keeps the name of the function, and a body, which has its code.
//!
//! ```text
//! fn tick(world: &mut World, dt: f32) {
//!     fn __hotpatch_body_<tag>(world: &mut World, dt: f32) { .. }
//!     .. // what the runtime and the patch linker must know about it
//!     unsafe { enter(&__HOTPATCH_ENTRY_<tag>, __hotpatch_body_<tag> as fn(_, _) -> _, move |body| body(world, dt)) }
//! }
//! ```
//!
//! Three questions make the rest: where the body lies ([`home`]), how the trampoline finds its code ([`dispatch`]), and
//! whether it makes a future ([`member`]).

mod dispatch;
mod helper_trait;
mod home;
mod member;
mod signature;

use hotpatch_abi::version::ABI_VERSION;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::Path;
use syn::ext::IdentExt;

use crate::conditional;
use crate::enclosing::Enclosing;
use crate::item::Function;
use crate::text;

use home::Home;

/// A function on its way to a trampoline.
struct Subject<'a> {
    function: &'a Function,
    enclosing: &'a Enclosing,
    /// The path of what generated code refers to.
    private: TokenStream,
    /// Stands for the name and the type of the function.
    tag: String,
    /// The name of the function, for the names of what belongs to it.
    name: String,
}

/// Generates the code of a function that has passed all checks.
pub(crate) fn expand(krate: &Path, function: Function, enclosing: &Enclosing) -> TokenStream {
    let versions = conditional::versions(function);
    let versions = versions
        .iter()
        .map(|function| expand_version(krate, function, enclosing));
    versions.collect()
}

fn expand_version(krate: &Path, function: &Function, enclosing: &Enclosing) -> TokenStream {
    let private = format_ident!("__private{ABI_VERSION}", span = Span::call_site());
    let subject = Subject {
        function,
        enclosing,
        private: quote!(#krate::#private),
        tag: text::tag(&function.sig),
        name: function.sig.ident.unraw().to_string(),
    };
    let (trampoline, arguments) = signature::trampoline(&function.sig);
    let home = Home::of(function, enclosing);
    let dispatch = dispatch::of(&subject, &home);
    let members = member::members(&subject, &home, &dispatch, &trampoline, &arguments);
    let placed = home.place(&subject, &members);
    let body = &members.body.sig;
    let (describe, call) = dispatch.generate(&subject, &home, body, &arguments);
    let wait = function.sig.asyncness.is_some().then(|| quote!(.await));

    let (attrs, vis) = (&placed.attrs, &function.vis);
    let (inside, beside) = (&placed.inside, &placed.beside);
    quote! {
        #attrs #vis #trampoline {
            #inside
            #describe
            // SAFETY: every body of this entry has the type of this one, because the tag in its name stands for it.
            unsafe { #call } #wait
        }
        #beside
    }
}
