//! What the attribute rejects. All mistakes of a function are reported in one run, each at its token.

use syn::{Error, ItemImpl, Result};

use crate::args::Args;
use crate::attribute;
use crate::conditional;
use crate::enclosing::{Enclosing, Place};
use crate::item::{Body, Function};
use crate::mistakes::Mistakes;

/// Everything that keeps the function from being hot.
pub(crate) fn mistakes(function: &Function, enclosing: &Enclosing) -> Option<Error> {
    let mut mistakes = Mistakes::default();
    qualifiers(&mut mistakes, function);
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
    mistakes.into_error()
}

/// Checks the function and passes its arguments on.
pub(crate) fn run(args: Result<Args>, function: &Function, enclosing: &Enclosing) -> Result<Args> {
    match (args, mistakes(function, enclosing)) {
        (Ok(args), None) => Ok(args),
        (Ok(_), Some(mistakes)) => Err(mistakes),
        (Err(mut error), mistakes) => {
            error.extend(mistakes);
            Err(error)
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
    if let Some(variadic) = &sig.variadic {
        mistakes.add(
            variadic.dots,
            "variadic functions are not supported: their arguments cannot be passed on",
        );
    }
}

fn inputs(mistakes: &mut Mistakes, function: &Function) {
    let conditions = conditional::conditions(&function.sig);
    if let Some((_, meta)) = conditions.get(conditional::MOST) {
        mistakes.add(
            meta,
            format!(
                "more than {} arguments under a `cfg` are not supported\n  = help: put it on two versions of the function",
                conditional::MOST
            ),
        );
    }
}

fn attributes(mistakes: &mut Mistakes, function: &Function) {
    for meta in &attribute::flatten(&function.attrs) {
        let Some(last) = meta.path().segments.last() else {
            continue;
        };
        let reason = match last.ident.to_string().as_str() {
            "hotpatch" if attribute::is_ours(meta) => "`#[hotpatch]` is on this function already",
            "track_caller" => {
                "`track_caller` is not supported: an address that is called does not know its caller"
            }
            "target_feature" if function.sig.asyncness.is_some() => {
                "`target_feature` on an `async fn` is not supported\n  = help: call such a function from a hot one"
            }
            "proc_macro" | "proc_macro_derive" | "proc_macro_attribute" => {
                "a proc macro is not supported: it runs in the compiler"
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
        Place::Impl(item) if is_of_allocator(item) => mistakes.add(
            name,
            "a method of an allocator is not supported: the way to its code allocates",
        ),
        Place::UnknownTraitImpl => mistakes.add(
            name,
            "a macro makes this method of a trait, and the attribute does not see of which one\n  = help: put \
             `#[hotpatch]` on the `impl` block",
        ),
        _ => {}
    }
}

fn is_of_allocator(item: &ItemImpl) -> bool {
    let last = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
    last.is_some_and(|last| last.ident == "GlobalAlloc")
}
