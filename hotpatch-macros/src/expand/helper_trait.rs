//! The trait that holds the body of a method of a trait.
//!
//! ```text
//! impl<'a> Visitor<'a> for Walker<'a> {
//!     fn visit(&mut self, node: &'a Node) -> Self::Output {
//!         trait __Hotpatch<'a>: Visitor<'a> {
//!             fn __hotpatch_body_<tag>_visit(&mut self, node: &'a Node) -> Self::Output;
//!         }
//!         impl<'a> __Hotpatch<'a> for Walker<'a> {
//!             fn __hotpatch_body_<tag>_visit(&mut self, node: &'a Node) -> Self::Output { .. }
//!         }
//!         ..
//! ```
//!
//! Its parameters are those of the impl, under the same names, and it is a subtrait of the trait: so everything in the
//! signature and in the code means what it did, and no token of the user is changed. A default method of a trait has an
//! impl for every type that implements the trait.

use hotpatch_abi::names::HELPER_TRAIT;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericParam, Generics, ItemImpl, ItemTrait, Path, Signature, parse_quote};

use super::member::{Member, Members};
use super::{Subject, signature};
use crate::item::Function;
use crate::lifetimes;

/// A trait around the members of a trampoline, and its impl.
pub(super) struct HelperTrait {
    /// Of the trait, without defaults.
    generics: Generics,
    supertrait: Option<TokenStream>,
    /// Whether the signature is possible only for types of a known size.
    sized: bool,
    self_ty: TokenStream,
    /// The parameter that stands for `Self`, for a default method: it has one impl for all types.
    every_type: Option<Ident>,
}

impl HelperTrait {
    /// For a method in the impl of a trait.
    pub(super) fn of_impl(item: &ItemImpl, path: &Path, function: &Function) -> Self {
        let mut generics = plain(&item.generics);
        let mut supertrait = None;
        if needs_supertrait(function) {
            let (path, names) = lifetimes::name_elided(path.to_token_stream());
            for name in names.into_iter().rev() {
                generics.params.insert(0, parse_quote!(#name));
            }
            supertrait = Some(path);
        }
        Self {
            generics,
            supertrait,
            sized: needs_size(&function.sig),
            self_ty: item.self_ty.to_token_stream(),
            every_type: None,
        }
    }

    /// For a default method of a trait.
    pub(super) fn of_trait(item: &ItemTrait) -> Self {
        let generics = plain(&item.generics);
        let name = &item.ident;
        let arguments = names(&generics);
        let this = Ident::new("__HotpatchSelf", Span::mixed_site());
        Self {
            supertrait: Some(quote!(#name<#(#arguments),*>)),
            generics,
            sized: false,
            self_ty: this.to_token_stream(),
            every_type: Some(this),
        }
    }

    pub(super) fn has_parameters(&self) -> bool {
        self.every_type.is_some() || signature::has_parameters(&self.generics)
    }

    /// The trait with its arguments, where lifetimes are inferred.
    pub(super) fn inferred(&self) -> TokenStream {
        let helper = name();
        let arguments = self
            .generics
            .params
            .iter()
            .map(|parameter| match signature::name(parameter) {
                Some(name) => name.to_token_stream(),
                None => quote!('_),
            });
        quote!(#helper<#(#arguments),*>)
    }

    /// The type that has the method, where no parameters are known.
    pub(super) fn global_self_type(&self) -> TokenStream {
        signature::without_lifetimes(&self.self_ty, &self.generics)
    }

    /// The trait and its impl, with these members.
    pub(super) fn define(&self, subject: &Subject<'_>, members: &Members, code: &TokenStream) -> TokenStream {
        let helper = name();
        let arguments = names(&self.generics);
        let params: Vec<_> = self.generics.params.iter().collect();
        let clause = &self.generics.where_clause;
        let private = &subject.private;
        let supertrait = &self.supertrait;
        let bounds = supertrait.iter().cloned();
        let bounds = bounds.chain(self.sized.then(|| quote!(#private::Sized)));
        let declarations = members.iter().map(declare);
        let (impl_clause, every_type) = match &self.every_type {
            Some(this) => (
                signature::replace(clause.to_token_stream(), "Self", this),
                Some(quote!(#this: #supertrait + ?#private::Sized)),
            ),
            None => (clause.to_token_stream(), None),
        };
        let impl_params = params.iter().map(ToTokens::to_token_stream);
        let impl_params = impl_params.map(|param| match &self.every_type {
            Some(this) => signature::replace(param, "Self", this),
            None => param,
        });
        let impl_params = impl_params.chain(every_type);
        let self_ty = &self.self_ty;
        quote_spanned! {Span::mixed_site()=>
            trait #helper<#(#params),*>: #(#bounds)+* #clause { #(#declarations)* }
            impl<#(#impl_params),*> #helper<#(#arguments),*> for #self_ty #impl_clause { #code }
        }
    }
}

fn name() -> Ident {
    Ident::new(HELPER_TRAIT, Span::mixed_site())
}

/// A member without its code and its patterns.
fn declare(member: &Member) -> TokenStream {
    let mut sig = signature::trampoline(&member.sig).0;
    sig.output = signature::without_captures(&sig.output);
    sig.fn_token.span = Span::mixed_site();
    quote_spanned!(Span::mixed_site()=> #sig;)
}

/// The names of all parameters.
fn names(generics: &Generics) -> Vec<TokenStream> {
    let names = generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
        GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
        GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
    });
    names.collect()
}

/// The parameters without defaults, and with names that no lint of the user looks at.
fn plain(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    let own = |span: Span| Span::mixed_site().located_at(span);
    for parameter in &mut generics.params {
        match parameter {
            GenericParam::Lifetime(parameter) => {
                let lifetime = &mut parameter.lifetime;
                lifetime.set_span(own(lifetime.span()));
            }
            GenericParam::Type(parameter) => {
                parameter.default = None;
                parameter.ident.set_span(own(parameter.ident.span()));
            }
            GenericParam::Const(parameter) => {
                parameter.default = None;
                parameter.ident.set_span(own(parameter.ident.span()));
            }
        }
    }
    generics
}

/// Whether something may have a meaning only because `Self` has the trait. A supertrait asks for all that the trait asks
/// for, which a trait cannot always promise, so it is there only if needed.
fn needs_supertrait(function: &Function) -> bool {
    let sig = function.sig.to_token_stream();
    signature::contains(sig, &["Self"]) || lifetimes::has_path_on_self(function.body.to_token_stream())
}

/// Whether `Self` stands where a type must have a known size. The impl of a type without one cannot have that.
fn needs_size(sig: &Signature) -> bool {
    lifetimes::has_self_by_value(sig.to_token_stream())
}
