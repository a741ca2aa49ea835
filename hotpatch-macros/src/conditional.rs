//! Arguments under a `cfg`.
//!
//! A call cannot leave an argument out under a condition, so such a function becomes several: one for each choice of the
//! arguments, each under the condition that makes it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, FnArg, Meta, PatType, Signature, parse_quote};

use crate::attribute;
use crate::item::Function;

/// Two versions for each: this is where it ends.
pub(crate) const MOST: usize = 4;

/// The arguments that are under a condition, by index, each with what says so.
pub(crate) fn conditions(sig: &Signature) -> Vec<(usize, Meta)> {
    let conditions = sig.inputs.iter().enumerate().flat_map(|(index, input)| {
        let metas = attribute::flatten(attributes(input)).into_iter();
        metas
            .filter(|meta| meta.path().is_ident("cfg"))
            .map(move |meta| (index, meta))
    });
    conditions.collect()
}

/// The versions of a function: itself, if there is no condition.
pub(crate) fn versions(function: Function) -> Vec<Function> {
    let first = function
        .sig
        .inputs
        .iter()
        .position(|input| predicate(input).is_some());
    let Some(index) = first else {
        return vec![function];
    };
    let Some(predicate) = predicate(&function.sig.inputs[index]) else {
        return vec![function];
    };
    let mut with = function.clone();
    attributes_mut(&mut with.sig.inputs[index]).retain(|attr| attribute::condition(&attr.meta).is_none());
    with.attrs.insert(0, parse_quote!(#[cfg(#predicate)]));
    let mut without = function;
    let inputs = std::mem::take(&mut without.sig.inputs).into_iter().enumerate();
    without.sig.inputs = inputs
        .filter(|(at, _)| *at != index)
        .map(|(_, input)| input)
        .collect();
    without.attrs.insert(0, parse_quote!(#[cfg(not(#predicate))]));
    [with, without].into_iter().flat_map(versions).collect()
}

/// When the argument is there.
fn predicate(input: &FnArg) -> Option<TokenStream> {
    let predicates: Vec<TokenStream> = attributes(input)
        .iter()
        .filter_map(|attr| attribute::condition(&attr.meta))
        .collect();
    (!predicates.is_empty()).then(|| quote!(all(#(#predicates),*)))
}

fn attributes(input: &FnArg) -> &[Attribute] {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(PatType { attrs, .. }) => attrs,
    }
}

fn attributes_mut(input: &mut FnArg) -> &mut Vec<Attribute> {
    match input {
        FnArg::Receiver(receiver) => &mut receiver.attrs,
        FnArg::Typed(PatType { attrs, .. }) => attrs,
    }
}
