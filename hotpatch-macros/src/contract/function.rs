//! A function of a contract, with the way in which each argument crosses.

use syn::{Attribute, FnArg, Ident, Pat, Signature, Type, TypeReference};

use super::types;
use crate::mistakes::Mistakes;

/// A function that has passed all checks.
pub(super) struct Function {
    pub(super) name: Ident,
    /// The signature as written.
    pub(super) shown: String,
    /// Its documentation and lint levels.
    pub(super) attrs: Vec<Attribute>,
    /// Whether it is a method.
    pub(super) receiver: bool,
    pub(super) arguments: Vec<Argument>,
    /// What it gives back, `()` included.
    pub(super) output: Type,
}

/// An argument.
pub(super) struct Argument {
    /// Its name, if it has one.
    pub(super) name: Option<Ident>,
    /// Its type as written.
    pub(super) ty: Type,
    pub(super) way: Way,
}

/// How an argument crosses.
pub(super) enum Way {
    /// As a value.
    Value,
    /// As a pointer to a value of this type.
    Reference(Type),
    /// As a pointer to items of this type, and their number.
    Slice(Type),
    /// As a pointer to bytes, and their number.
    Text,
}

/// An argument as it crosses.
pub(super) fn argument(mistakes: &mut Mistakes, input: &FnArg) -> Option<Argument> {
    let FnArg::Typed(input) = input else { return None };
    let name = match &*input.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(pat.ident.clone()),
        Pat::Wild(_) => None,
        pat => {
            mistakes.add(pat, "a pattern is not supported here: an argument has a name");
            None
        }
    };
    let ty = types::ungrouped(&input.ty);
    let way = match ty {
        Type::Reference(reference) => through_reference(mistakes, reference),
        ty => {
            types::refuse(mistakes, ty);
            Way::Value
        }
    };
    Some(Argument {
        name,
        ty: ty.clone(),
        way,
    })
}

fn through_reference(mistakes: &mut Mistakes, reference: &TypeReference) -> Way {
    if let Some(lifetime) = &reference.lifetime {
        mistakes.add(
            lifetime,
            "a lifetime is not supported here: what an argument refers to is there during the call\n  = help: leave it out",
        );
    }
    if let Some(token) = &reference.mutability {
        mistakes.add(
            token,
            "`&mut` is not supported: a sandbox has a copy of what it is given\n  = help: take `&` and give the new value back",
        );
    }
    match types::ungrouped(&reference.elem) {
        Type::Path(path) if path.qself.is_none() && path.path.is_ident("str") => Way::Text,
        Type::Slice(slice) => {
            types::refuse(mistakes, &slice.elem);
            Way::Slice((*slice.elem).clone())
        }
        ty => {
            types::refuse_behind_reference(mistakes, ty);
            Way::Reference(ty.clone())
        }
    }
}

/// The signature with which a host calls it: nothing of it is optional.
pub(super) fn shown(sig: &Signature) -> String {
    crate::text::signature(sig)
}
