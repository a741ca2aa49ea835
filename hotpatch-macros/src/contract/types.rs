//! Types that never cross. Whether others do is for the trait `Shared` to say; these have a better answer.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

use crate::mistakes::Mistakes;

/// A type without the parentheses and groups around it.
pub(super) fn ungrouped(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            _ => return ty,
        };
    }
}

/// Refuses what is no value that both sides understand.
pub(crate) fn refuse(mistakes: &mut Mistakes, ty: &Type) {
    let reason = match ungrouped(ty) {
        Type::Array(array) => return refuse(mistakes, &array.elem),
        Type::Reference(_) => {
            "a reference is not supported here: the other side has other memory\n  = help: hold the value itself, or hand \
             it over as an argument of its own"
        }
        Type::Ptr(_) => {
            "a pointer is not supported: it leads to memory of one side only\n  = help: hold the value itself"
        }
        Type::FnPtr(_) => "a function pointer is not supported: it leads to code of one side only",
        Type::Tuple(_) => {
            "a tuple is not supported: the compiler may order its fields in any way\n  = help: make a `#[repr(C)]` struct of it"
        }
        Type::Slice(_) => {
            "a slice is not supported here: its size is not known\n  = help: an array has one, `[T; N]`"
        }
        Type::TraitObject(_) | Type::ImplTrait(_) => {
            "a type behind a trait is not supported: the other side does not know which it is"
        }
        Type::Never(_) => "`!` is not supported: a call that does not come back cannot be swapped",
        Type::Infer(_) => "the type must be written out",
        Type::Path(path) if path.qself.is_none() => match path.path.segments.last() {
            Some(last) => match reason(last) {
                Some(reason) => reason,
                None => return,
            },
            None => return,
        },
        _ => return,
    };
    mistakes.add(ungrouped(ty), reason);
}

fn reason(segment: &PathSegment) -> Option<&'static str> {
    Some(match segment.ident.to_string().as_str() {
        "usize" => "`usize` is not supported: its size depends on the machine\n  = help: use `u32` or `u64`",
        "isize" => "`isize` is not supported: its size depends on the machine\n  = help: use `i32` or `i64`",
        "String" => {
            "`String` is not supported here: it owns memory of one side\n  = help: take `&str`; a function may give a `String` back"
        }
        "Vec" => {
            "`Vec` is not supported here: it owns memory of one side\n  = help: take `&[T]`; a function may give a `Vec` back"
        }
        "Box" | "Rc" | "Arc" => {
            "a smart pointer is not supported: it owns memory of one side\n  = help: hold the value itself"
        }
        "Option" => {
            "`Option` is not supported here: where its tag lies is for the compiler to say\n  = help: use a number that stands for none; a function may give an `Option` back"
        }
        "Result" => {
            "`Result` is not supported here: where its tag lies is for the compiler to say\n  = help: a function may give a `Result` back"
        }
        "Self" => "`Self` is not supported here: the other side does not know which type it is",
        _ => return None,
    })
}

/// Refuses what a reference in an argument cannot lead to.
pub(super) fn refuse_behind_reference(mistakes: &mut Mistakes, ty: &Type) {
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
    {
        let better = match last.ident.to_string().as_str() {
            "String" => "`&String` is not supported\n  = help: take `&str`",
            "Vec" => "`&Vec` is not supported\n  = help: take `&[T]`",
            _ => return refuse(mistakes, ty),
        };
        return mistakes.add(ty, better);
    }
    refuse(mistakes, ty);
}

/// Refuses what a function cannot give back: references and what they are in, and numbers whose size is not fixed.
pub(super) fn refuse_output(mistakes: &mut Mistakes, ty: &Type) {
    let ty = ungrouped(ty);
    match ty {
        Type::Tuple(tuple) if tuple.elems.is_empty() => {}
        Type::Reference(reference) => {
            let help = match ungrouped(&reference.elem) {
                Type::Slice(_) => "give back a `Vec`",
                elem if elem.to_token_stream().to_string() == "str" => "give back a `String`",
                _ => "give back the value",
            };
            mistakes.add(
                ty,
                format!("a reference is not supported here: the module may be gone when it is used\n  = help: {help}"),
            );
        }
        Type::Path(path) if path.qself.is_none() => match path.path.segments.last() {
            Some(last) if ["Option", "Result"].iter().any(|name| last.ident == name) => {
                inner(last).for_each(|ty| refuse_output(mistakes, ty));
            }
            Some(last) if last.ident == "Vec" => inner(last).for_each(|ty| refuse(mistakes, ty)),
            Some(last) if last.ident == "String" => {}
            _ => refuse(mistakes, ty),
        },
        ty => refuse(mistakes, ty),
    }
}

fn inner(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments
        .into_iter()
        .flatten()
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
}
