//! The functions that a trampoline is in front of: the body, and for an `async fn` the one that has its code.
//!
//! ```text
//! async fn __hotpatch_future_<tag>_fetch(url: &str) -> String { .. }
//! fn __hotpatch_body_<tag>(url: &str) -> Started<impl Future<Output = String>> {
//!     Started::new(__hotpatch_future_<tag>_fetch(url))
//! }
//! ```
//!
//! `Started` is the same two words for every future, so new code may make a future of another size.

use hotpatch_abi::names::FUTURE_PREFIX;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ReturnType, Safety, Signature, Token, Type};

use super::Subject;
use super::dispatch::Dispatch;
use super::home::Home;
use crate::attribute;

/// What a trampoline is in front of.
pub(super) struct Members {
    /// The code of an `async fn`.
    pub(super) future: Option<Member>,
    /// What the trampoline calls.
    pub(super) body: Member,
}

impl Members {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.future.iter().chain([&self.body])
    }
}

/// A function that is not the user's.
pub(super) struct Member {
    pub(super) sig: Signature,
    pub(super) code: TokenStream,
}

/// The members for a function with this trampoline.
pub(super) fn members(
    subject: &Subject<'_>,
    home: &Home<'_>,
    dispatch: &Dispatch,
    trampoline: &Signature,
    arguments: &[Ident],
) -> Members {
    let (tag, name) = (&subject.tag, &subject.name);
    let prefix = dispatch.prefix();
    let body = match home {
        Home::Inside => format!("{prefix}{tag}"),
        _ => format!("{prefix}{tag}_{name}"),
    };
    let body = Ident::new(&body, Span::mixed_site());
    let code = subject.function.body.to_token_stream();
    let written = |ident| Signature {
        ident,
        ..subject.function.sig.clone()
    };
    if trampoline.asyncness.is_none() {
        let mut sig = written(body);
        // Only unsafe pointers lead to a function with other features than its caller. The trampoline has them.
        if attribute::has_target_feature(&subject.function.attrs) {
            sig.safety = Safety::Unsafe(Token![unsafe](Span::mixed_site()));
        }
        let body = Member { sig, code };
        return Members { future: None, body };
    }
    let future = Ident::new(&format!("{FUTURE_PREFIX}{tag}_{name}"), Span::mixed_site());
    let future = Member {
        sig: written(future),
        code,
    };
    let body = start(
        subject,
        home,
        Signature {
            ident: body,
            ..trampoline.clone()
        },
        &future.sig,
        arguments,
    );
    let future = Some(future);
    Members { future, body }
}

/// The body that makes the future. It is an ordinary function of the same arguments.
fn start(
    subject: &Subject<'_>,
    home: &Home<'_>,
    mut sig: Signature,
    future: &Signature,
    arguments: &[Ident],
) -> Member {
    let private = &subject.private;
    let output = match &sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => quote!(#private::Never),
        ReturnType::Type(_, ty) => ty.to_token_stream(),
    };
    sig.asyncness = None;
    sig.abi = None;
    sig.fn_token.span = Span::mixed_site();
    // The edition of this crate: the opaque type captures all lifetimes, as that of an `async fn` does in every edition.
    let own = Span::mixed_site();
    let output = quote_spanned!(own=> #private::Started<impl #private::Future<Output = #output>>);
    sig.output = syn::parse_quote_spanned!(own=> -> #output);
    let callee = home.callee(future);
    let call = quote!(#callee(#(#arguments),*));
    let call = if sig.safety.to_token_stream().is_empty() {
        call
    } else {
        // SAFETY: promised by the caller of the trampoline.
        quote!(unsafe { #call })
    };
    Member {
        sig,
        code: quote!({ #private::Started::new(#call) }),
    }
}
