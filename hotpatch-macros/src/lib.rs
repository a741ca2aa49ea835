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
mod migrate;
mod text;

use proc_macro::TokenStream;
use proc_macro2::Span;

use args::Args;

/// Lets a running process take new code for a function, or for all functions of an `impl`, a `trait` or a `mod`.
///
/// The function behaves as without the attribute until it is patched.
///
/// # Where it goes
///
/// - On functions, also inside modules and other functions, with every form of arguments and results.
/// - On methods and associated functions: in inherent impls, in impls of traits (also called through `dyn` and
///   generics), and on default methods of traits.
/// - On functions with type or const parameters, their own or those of the impl or trait around them. There is code for
///   each choice of the parameters, and every choice is replaced.
/// - On `async fn`, in all these places. A future runs the code that was live at its first poll, and ends on it.
/// - On an `impl`, a `trait` or a `mod { .. }`: on every function in it, in nested ones too. What cannot be hot stays as it
///   is. `#[hotpatch(skip)]` takes a function, an `impl`, a `trait` or a `mod` out.
///
/// # What it costs
///
/// A call finds its code by the slot of the function, or, where there are type or const parameters, in a map by the
/// address of the code that the program was built with. An `async fn` costs one allocation for each call: new code makes
/// a future of another size.
///
/// # Arguments
///
/// `#[hotpatch(crate = path)]` names the `hotpatch` crate where the attribute cannot find it by itself: it follows
/// a rename in `Cargo.toml`, but not a re-export by another crate. `#[hotpatch(skip)]`: see above.
///
/// # Attributes of the function
///
/// `cfg`, lint levels, `cold` and `target_feature` hold for the function and for its body. `inline` describes the few
/// instructions that find the body, never the body. `track_caller` and `naked` are rejected. All others, attribute
/// macros among them, see the function under its own name, and not its body.
///
/// # Inside of macros
///
/// The attribute sees its function and reads what is around it in the source file. What a macro makes has no place there:
/// a method that a macro makes is handled like one with type parameters, and for a method of a trait the attribute belongs
/// on the `impl` block.
///
/// # Not supported
///
/// `const fn` and C-variadic functions, because their calls cannot go through an address that changes, proc macros, and
/// `main`, which is running already. In impls of traits: a method whose signature has an associated type with a lifetime
/// of the call (`Self::Item<'_>`), where `Self` borrows something itself.
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

/// Lets the values of a type in a `State` be made anew when a patch changes the type.
///
/// A field that has kept its name and its type moves; one whose type derives `Migrate` too, and has changed, is migrated in
/// turn, also inside of the collections of the standard library. A new field begins with its default, a field that is
/// gone is dropped. Everything else must be said, or the patch is refused.
///
/// # On the type: `#[migrate(..)]`
///
/// - `version = 2`: the number of this meaning of a value, 1 if it is not said. A patch with a lower one goes down.
/// - `with = function`: makes the value. `fn(&Old<'_>) -> Result<Self, E>`, for any `E` that can be shown. It is called when
///   the version, or the names or the types of fields, are others.
/// - `down = function`: gives what the type had before and has no more. `fn(&Self, &mut Down) -> Result<(), E>`. With `down`
///   alone, fields that both have move and others begin with their defaults. Without either, nothing goes down from this
///   type, and a roll-back to where it was another one is refused.
/// - `name = "other::Name"`: what the type is known by, instead of its path. For types that were moved or renamed, and for
///   copies of earlier types that a migration reads.
/// - `crate = path`: where the `hotpatch` crate is.
///
/// # On fields
///
/// - `with = function`: makes the field if the old value has none of this name and type. `fn(&Old<'_>) -> Result<Field, E>`.
/// - `default`, `default = expression`: what it begins with then.
/// - `from = "name"`: what it was called before.
///
/// # On variants
///
/// - `from = "Name"`: what it was called before.
#[proc_macro_derive(Migrate, attributes(migrate))]
pub fn derive_migrate(item: TokenStream) -> TokenStream {
    migrate::derive(item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
