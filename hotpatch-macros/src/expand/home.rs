//! Where the body of a function lies, and how others name it.
//!
//! - *Inside* the trampoline: an item in a function cannot name `Self` or the parameters of the impl around it, so this is
//!   for functions that have neither.
//! - *Beside* it: as another function of the same inherent impl.
//! - In a *helper trait* inside the trampoline, where only members of a certain trait may stand beside it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{ItemImpl, Signature};

use super::helper_trait::HelperTrait;
use super::member::{Member, Members};
use super::{Subject, signature};
use crate::attribute;
use crate::enclosing::{Enclosing, Place};
use crate::item::Function;

/// Where the members of a trampoline lie.
pub(super) enum Home<'a> {
    Inside,
    /// In the inherent impl with this header.
    Beside(&'a ItemImpl),
    /// In an impl or a trait that only the compiler knows.
    BesideUnknown,
    Helper(HelperTrait),
}

/// The code of the members, in its places.
pub(super) struct Placed {
    /// The attributes of the trampoline.
    pub(super) attrs: TokenStream,
    pub(super) inside: TokenStream,
    pub(super) beside: TokenStream,
}

impl<'a> Home<'a> {
    pub(super) fn of(function: &Function, enclosing: &'a Enclosing) -> Self {
        let names_self = |tokens| signature::contains(tokens, &["self", "Self"]);
        let in_signature = names_self(function.sig.to_token_stream());
        match &enclosing.place {
            Place::Impl(item) => match &item.trait_ {
                Some((path, _)) => Self::Helper(HelperTrait::of_impl(item, path, function)),
                None => Self::Beside(item),
            },
            Place::Trait(item) => Self::Helper(HelperTrait::of_trait(item)),
            Place::Unknown if in_signature || names_self(function.body.to_token_stream()) => {
                Self::BesideUnknown
            }
            // A file that is included into an impl.
            _ if in_signature => Self::BesideUnknown,
            _ => Self::Inside,
        }
    }

    /// A member as the trampoline and other members call it.
    pub(super) fn callee(&self, member: &Signature) -> TokenStream {
        let name = &member.ident;
        let turbofish = signature::turbofish(&member.generics);
        match self {
            Self::Inside => quote!(#name #turbofish),
            Self::Beside(_) | Self::BesideUnknown => quote!(Self::#name #turbofish),
            Self::Helper(helper) => {
                let helper = helper.inferred();
                quote!(<Self as #helper>::#name #turbofish)
            }
        }
    }

    /// A member as a static names it, which knows neither `Self` nor parameters. Only for concrete functions.
    pub(super) fn global(&self, member: &Signature) -> TokenStream {
        let name = &member.ident;
        match self {
            Self::Inside | Self::BesideUnknown => quote!(#name),
            Self::Beside(item) => {
                let ty = signature::without_lifetimes(&item.self_ty, &item.generics);
                quote!(<#ty>::#name)
            }
            Self::Helper(helper) => {
                let (ty, helper) = (helper.global_self_type(), helper.inferred());
                quote!(<#ty as #helper>::#name)
            }
        }
    }

    /// Whether there is one function for each choice of the parameters around it.
    pub(super) fn has_parameters(&self) -> bool {
        match self {
            Self::Inside => false,
            Self::Beside(item) => signature::has_parameters(&item.generics),
            Self::BesideUnknown => true,
            Self::Helper(helper) => helper.has_parameters(),
        }
    }

    pub(super) fn place(&self, subject: &Subject<'_>, members: &Members) -> Placed {
        let attrs = &subject.function.attrs;
        let inner = attribute::of_inner_body(attrs);
        match self {
            Self::Inside => Placed {
                attrs: quote!(#(#attrs)*),
                inside: define(members, &inner),
                beside: quote!(),
            },
            Self::Helper(helper) => Placed {
                attrs: quote!(#(#attrs)*),
                inside: helper.define(subject, members, &define(members, &inner)),
                beside: quote!(),
            },
            Self::Beside(_) | Self::BesideUnknown => {
                let own = attribute::of_sibling_body(attrs);
                Placed {
                    attrs: attribute::of_sibling_trampoline(attrs),
                    inside: quote!(),
                    beside: define(members, &quote!(#own #[doc(hidden)])),
                }
            }
        }
    }
}

/// The members as items.
fn define(members: &Members, attrs: &TokenStream) -> TokenStream {
    let future = members
        .future
        .iter()
        .map(|Member { sig, code }| quote!(#attrs #sig #code));
    let Member { sig, code } = &members.body;
    // One that is inlined, or whose address nobody takes, may get its arguments in another way than its successors.
    quote!(#(#future)* #attrs #[inline(never)] #sig #code)
}
