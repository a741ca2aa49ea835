//! The `#[hotpatch]` attribute.
//!
//! A function becomes a trampoline (its name, signature and attributes), a body (its code) and an entry (the record
//! that finds the code it has now). Everything that happens at run time is in the runtime; here is only text.
#![forbid(unsafe_code)]

mod args;
mod item;

mod enclosing;
mod source;

mod check;

mod attribute;
mod block;
mod conditional;
mod expand;
mod krate;
mod lifetimes;
mod text;

use proc_macro::TokenStream;
use proc_macro2::Span;

use args::Args;

/// Lets a running process take new code for a function.
///
/// Works on free functions (also inside modules and other functions), on methods with every form of `self`, and on
/// associated functions. The function behaves as without the attribute until it is patched.
///
/// # Arguments
///
/// `#[hotpatch(crate = path)]` names the `hotpatch` crate where the attribute cannot find it by itself: it follows
/// a rename in `Cargo.toml`, but not a re-export by another crate.
///
/// # Attributes of the function
///
/// `cfg`, lint levels and `cold` hold for the function and for its body. `inline` describes the few instructions
/// that find the body, never the body. `track_caller`, `target_feature` and `naked` are rejected. All others,
/// attribute macros among them, see the function under its own name, and not its body.
///
/// # Not supported
///
/// `const fn` and C-variadic functions, because their calls cannot go through an address that changes, and `main`,
/// which is running already. Not supported yet: generic functions, methods of generic types and of traits, `async fn`.
#[proc_macro_attribute]
pub fn hotpatch(args: TokenStream, item: TokenStream) -> TokenStream {
    let original = proc_macro2::TokenStream::from(item);
    let output = rewrite(args.into(), original.clone());
    output
        .unwrap_or_else(|error| [error.to_compile_error(), original].into_iter().collect())
        .into()
}

fn rewrite(
    args: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> syn::Result<proc_macro2::TokenStream> {
    let args = args::parse(args);
    if let Ok(Args { skip: true, .. }) = args {
        return Err(syn::Error::new(
            Span::call_site(),
            "`#[hotpatch(skip)]` has a meaning only inside of an `impl`, `trait` or `mod` that is `#[hotpatch]` itself",
        ));
    }
    match item::kind(item.clone()) {
        Some(kind) if ["impl", "trait", "mod"].iter().any(|block| kind == block) => {
            let krate = args?.krate.unwrap_or_else(krate::path);
            block::rewrite(item, &krate, &enclosing::find_block(&kind))
        }
        _ => {
            let original = item.clone();
            let function = item::parse(item)?;
            let enclosing = enclosing::find(&function.sig);
            let args = check::run(args, &function, &enclosing)?;
            if !cfg!(feature = "enabled") {
                return Ok(original);
            }
            let krate = args.krate.unwrap_or_else(krate::path);
            Ok(expand::expand(&krate, function, &enclosing))
        }
    }
}
