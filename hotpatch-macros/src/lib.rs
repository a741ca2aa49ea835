//! The `#[hotpatch]` attribute, and the macros of modules: `#[contract]`, `#[derive(Shared)]` and `export_module!`.
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
mod mistakes;
mod text;

mod contract;
mod export;
mod shared;

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

/// Makes a contract of a trait: what a host expects of a module, with typed code for both sides.
///
/// `#[contract(version = "1.2.0")]` on `trait Pricing` leaves the trait as it is. A module implements it for a type of its own
/// and exports it with `export_module!`. A host gets `PricingClient`, whose methods are the functions of the contract; what
/// they give back is in a `Result`, since a module may be missing, or panic.
///
/// # Functions
///
/// They take `&self` or nothing of the value, and then any number of arguments:
///
/// | argument | crosses as |
/// |---|---|
/// | `T` | a value |
/// | `&T`, `&[T]`, `&str` | a reference for the time of the call |
///
/// They give back `()`, `T`, `Vec<T>`, `String`, and `Option` and `Result` of these. Every `T` is `Shared`.
///
/// # Versions
///
/// A module that was compiled with another major version of the contract, or a lower minor version, is refused when it is
/// loaded. So a change of a function is another major version, and an added function is a higher minor version.
///
/// # Arguments
///
/// `crate = path` names the `hotpatch_module` crate where the attribute cannot find it by itself: it follows renames in
/// `Cargo.toml`, and a dependency on `hotpatch` alone, but not a re-export by another crate.
///
/// # Not supported
///
/// Parameters of types and lifetimes, `&mut`, `async`, associated types and constants: each is refused with what to do instead.
#[proc_macro_attribute]
pub fn contract(args: TokenStream, item: TokenStream) -> TokenStream {
    let original = proc_macro2::TokenStream::from(item);
    contract::rewrite(args.into(), original.clone())
        .unwrap_or_else(|error| [error.to_compile_error(), original].into_iter().collect())
        .into()
}

/// Lets the values of a type cross between a host and its modules.
///
/// On structs with `#[repr(C)]` or `#[repr(transparent)]` whose fields are all shared, and on enums without fields with
/// `#[repr(u8)]` or another integer. The type is `Copy`.
///
/// `#[shared(crate = path)]` names the `hotpatch_module` crate where the derive cannot find it by itself.
#[proc_macro_derive(Shared, attributes(shared))]
pub fn shared(item: TokenStream) -> TokenStream {
    shared::derive(item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a module of a `cdylib`: exports the manifest that hosts read.
///
/// ```text
/// export_module! {
///     name: "pricing",
///     version: "2.1.0",
///     contract: Pricing => Discount,
///     contract: Audit => Log,
///     depends: ["tax" >= "1.0.0"],
///     host: "1.0.0",
///     on_load: || println!("hello"),
///     on_reload: |old| println!("instead of {old}"),
///     on_unload: || println!("good bye"),
/// }
/// ```
///
/// - `name`: what hosts know it by. It replaces the module of the same name.
/// - `version`: that of the module. Without it, the version of the package.
/// - `contract`, once or more: a contract, and the type that implements it. The type is `Default`, `Send` and `Sync`: a value of
///   it is made when the module is loaded, and dropped when it has left.
/// - `depends`: the modules that it needs, with the lowest version that will do.
/// - `host`: the lowest version of the host that will do. Without it, any will.
/// - `on_load`, `on_reload`, `on_unload`: functions or closures that run when the module was loaded, when it replaces one of the
///   same name (with the version of that one; without it `on_load` runs), and when it has left. The first two may give back
///   `Result<(), i32>`; an error refuses the module.
/// - `crate`: the path of `hotpatch_module`, where the macro cannot find it by itself.
#[proc_macro]
pub fn export_module(input: TokenStream) -> TokenStream {
    export::rewrite(input.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
