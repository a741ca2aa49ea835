//! What the attribute rejects. All mistakes of a function are reported in one run, each at its token.

use quote::ToTokens;
use syn::{Error, FnArg, GenericParam, Meta, PatType, Result};

use crate::args::Args;
use crate::attribute;
use crate::enclosing::{Enclosing, Place};
use crate::item::{Body, Function};
use crate::text;

/// Checks the function and passes its arguments on.
pub(crate) fn run(args: Result<Args>, function: &Function, enclosing: &Enclosing) -> Result<Args> {
    let mut mistakes = Mistakes::default();
    qualifiers(&mut mistakes, function);
    generics(&mut mistakes, function);
    inputs(&mut mistakes, function);
    attributes(&mut mistakes, function);
    match &function.body {
        Body::Missing(semi) => {
            mistakes.add(
                semi,
                "a function without a body is not supported: there is no code to replace",
            );
        }
        Body::Block(_) => surroundings(&mut mistakes, function, enclosing),
    }
    match (args, mistakes.0) {
        (Ok(args), None) => Ok(args),
        (Ok(_), Some(mistakes)) => Err(mistakes),
        (Err(mut error), mistakes) => {
            error.extend(mistakes);
            Err(error)
        }
    }
}

#[derive(Default)]
struct Mistakes(Option<Error>);

impl Mistakes {
    fn add(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        let error = Error::new_spanned(tokens, message);
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }
}

fn qualifiers(mistakes: &mut Mistakes, function: &Function) {
    let sig = &function.sig;
    if let Some(token) = &sig.constness {
        mistakes.add(
            token,
            "`const fn` is not supported: the compiler itself runs its code",
        );
    }
    if let Some(token) = &sig.asyncness {
        mistakes.add(
            token,
            "`async fn` is not supported yet\n  = help: move the code between two `.await`s into a function of its own",
        );
    }
    if let Some(variadic) = &sig.variadic {
        mistakes.add(
            variadic.dots,
            "variadic functions are not supported: their arguments cannot be passed on",
        );
    }
}

fn generics(mistakes: &mut Mistakes, function: &Function) {
    for parameter in &function.sig.generics.params {
        match parameter {
            GenericParam::Lifetime(_) => {}
            GenericParam::Type(parameter) => {
                mistakes.add(
                    &parameter.ident,
                    "a function with type parameters is not supported yet",
                );
            }
            GenericParam::Const(parameter) => {
                mistakes.add(
                    &parameter.ident,
                    "a function with const parameters is not supported yet",
                );
            }
        }
    }
}

fn inputs(mistakes: &mut Mistakes, function: &Function) {
    for input in &function.sig.inputs {
        let attrs = match input {
            FnArg::Receiver(receiver) => &receiver.attrs,
            FnArg::Typed(PatType { attrs, ty, .. }) => {
                if let Some(token) = find_impl(ty.to_token_stream()) {
                    mistakes.add(
                        token,
                        "`impl Trait` as an argument is not supported yet\n  = help: `&dyn Trait` or a concrete type is",
                    );
                }
                attrs
            }
        };
        for meta in attribute::flatten(attrs)
            .iter()
            .filter(|meta| meta.path().is_ident("cfg"))
        {
            mistakes.add(
                meta,
                "`cfg` on an argument is not supported yet\n  = help: put it on two versions of the function",
            );
        }
    }
}

fn find_impl(tokens: proc_macro2::TokenStream) -> Option<proc_macro2::Ident> {
    tokens.into_iter().find_map(|token| match token {
        proc_macro2::TokenTree::Ident(ident) if ident == "impl" => Some(ident),
        proc_macro2::TokenTree::Group(group) => find_impl(group.stream()),
        _ => None,
    })
}

fn attributes(mistakes: &mut Mistakes, function: &Function) {
    for meta in &attribute::flatten(&function.attrs) {
        let Some(last) = meta.path().segments.last() else {
            continue;
        };
        let reason = match last.ident.to_string().as_str() {
            "hotpatch" if !matches!(meta, Meta::NameValue(_)) => "`#[hotpatch]` is on this function already",
            "track_caller" => {
                "`track_caller` is not supported: an address that is called does not know its caller"
            }
            "target_feature" => {
                "`target_feature` is not supported yet\n  = help: call such a function from a hot one"
            }
            "naked" => "`naked` is not supported: there is no place for the way to new code",
            _ => continue,
        };
        mistakes.add(meta, reason);
    }
}

fn surroundings(mistakes: &mut Mistakes, function: &Function, enclosing: &Enclosing) {
    let name = &function.sig.ident;
    match &enclosing.place {
        Place::Free if name == "main" && enclosing.path.is_empty() && !enclosing.in_module => mistakes.add(
            name,
            "`main` is not supported: it is running already when new code arrives\n  = help: move the body of its \
             loop into a function of its own",
        ),
        Place::Trait => mistakes.add(name, "a default method of a trait is not supported yet"),
        Place::Impl(item) if item.trait_.is_some() => mistakes.add(
            name,
            "a method of a trait is not supported yet\n  = help: move its body into an inherent method or a function",
        ),
        Place::Impl(item) => {
            let parameters = text::generic_parameters(item);
            if !parameters.is_empty() {
                let parameters = parameters.join(", ");
                mistakes.add(name, format!("a method of a generic type is not supported yet: `impl<{parameters}>`"));
            }
        }
        Place::Unknown | Place::Free | Place::Foreign => {}
    }
}
