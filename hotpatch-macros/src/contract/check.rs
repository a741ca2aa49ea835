//! What `#[contract]` rejects. All mistakes of a trait are reported in one run, each at its token.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Attribute, Error, FnArg, ItemTrait, Receiver, ReceiverKind, Result, ReturnType, Safety, Signature,
    TraitItem, TraitItemFn, Type,
};

use super::args::Args;
use super::function::{self, Function};
use super::types;
use crate::item;
use crate::mistakes::Mistakes;

/// Whether this may be a trait.
pub(super) fn on_trait(item: &TokenStream) -> Result<()> {
    const OTHERS: [&str; 10] = [
        "struct", "enum", "union", "fn", "impl", "mod", "type", "const", "static", "use",
    ];
    match item::kind(item.clone()) {
        Some(kind) if OTHERS.iter().any(|other| kind == other) => Err(Error::new(
            kind.span(),
            "a contract is a trait: its functions are what a module offers",
        )),
        _ => Ok(()),
    }
}

/// Checks the trait, and passes on its arguments and functions.
pub(super) fn run(args: Result<Args>, item: &ItemTrait) -> Result<(Args, Vec<Function>)> {
    let mut mistakes = Mistakes::default();
    let args = mistakes.take(args);
    header(&mut mistakes, item);
    let functions = item
        .items
        .iter()
        .filter_map(|item| member(&mut mistakes, item))
        .collect::<Vec<_>>();
    if item.items.is_empty() {
        mistakes.add(
            &item.ident,
            "a contract without functions is not supported: there is nothing to agree on",
        );
    }
    mistakes.into_result()?;
    Ok((args.expect("without mistakes there are arguments"), functions))
}

/// The attributes of the trait under which all of it is there.
pub(super) fn conditions(attrs: &[Attribute]) -> Vec<Attribute> {
    let conditions = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    conditions.cloned().collect()
}

fn header(mistakes: &mut Mistakes, item: &ItemTrait) {
    if let Some(token) = &item.unsafety {
        mistakes.add(
            token,
            "an `unsafe` trait is not supported: a contract asks nothing that cannot be checked",
        );
    }
    if let Some(token) = &item.modifiers.auto_token {
        mistakes.add(token, "an `auto` trait is not supported");
    }
    generics(mistakes, &item.generics);
}

fn generics(mistakes: &mut Mistakes, generics: &syn::Generics) {
    if !generics.params.is_empty() {
        mistakes.add(
            &generics.params,
            "parameters are not supported: a module is compiled before anybody can choose them\n  = help: write the types out",
        );
    }
    if let Some(clause) = &generics.where_clause {
        mistakes.add(
            clause,
            "a `where` clause is not supported: there are no parameters that it could be about",
        );
    }
}

fn member(mistakes: &mut Mistakes, item: &TraitItem) -> Option<Function> {
    match item {
        TraitItem::Fn(item) => Some(method(mistakes, item)),
        TraitItem::Const(item) => {
            mistakes.add(
                &item.ident,
                "a constant is not supported: a module that is swapped would have another\n  = help: make a function of it",
            );
            None
        }
        TraitItem::Type(item) => {
            mistakes.add(
                &item.ident,
                "an associated type is not supported\n  = help: write the type out",
            );
            None
        }
        item => {
            mistakes.add(item, "only functions are supported in a contract");
            None
        }
    }
}

fn method(mistakes: &mut Mistakes, item: &TraitItemFn) -> Function {
    let sig = &item.sig;
    qualifiers(mistakes, sig);
    generics(mistakes, &sig.generics);
    for attr in &item.attrs {
        if attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr") {
            mistakes.add(
                attr,
                "a condition is not supported here: both sides have the same functions\n  = help: put it on the trait",
            );
        }
    }
    let mut arguments = Vec::new();
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => check_receiver(mistakes, receiver),
            input => arguments.extend(function::argument(mistakes, input)),
        }
    }
    let output = match &sig.output {
        ReturnType::Default => syn::parse_quote!(()),
        ReturnType::Type(_, ty) => Type::clone(ty),
    };
    types::refuse_output(mistakes, &output);
    let kept = ["doc", "deprecated", "must_use"];
    let attrs = item.attrs.iter();
    Function {
        name: sig.ident.clone(),
        shown: function::shown(sig),
        attrs: attrs
            .filter(|attr| kept.iter().any(|kept| attr.path().is_ident(kept)))
            .cloned()
            .collect(),
        receiver: sig.receiver().is_some(),
        arguments,
        output,
    }
}

fn qualifiers(mistakes: &mut Mistakes, sig: &Signature) {
    if let Some(token) = &sig.asyncness {
        mistakes.add(
            token,
            "`async` is not supported: a future would have to live on in a module that is swapped\n  = help: give back what \
             is there, and let the host ask again",
        );
    }
    if let Some(token) = &sig.constness {
        mistakes.add(
            token,
            "`const fn` is not supported: the compiler itself runs its code",
        );
    }
    if let Safety::Unsafe(_) = &sig.safety {
        mistakes.add(
            &sig.safety,
            "`unsafe fn` is not supported: a contract asks nothing that cannot be checked",
        );
    }
    if let Some(abi) = &sig.abi {
        mistakes.add(
            abi,
            "the ABI is for the contract to choose\n  = help: leave it out",
        );
    }
    if let Some(variadic) = &sig.variadic {
        mistakes.add(variadic.dots, "variadic functions are not supported");
    }
}

fn check_receiver(mistakes: &mut Mistakes, receiver: &Receiver) {
    let good = matches!(&receiver.kind, ReceiverKind::Reference(_, None, None));
    if !good {
        mistakes.add(
            receiver.to_token_stream(),
            "only `&self` is supported: calls come from several threads at once\n  = help: take `&self`, and hold what changes \
             in a `Mutex` or an atomic",
        );
    }
}
