//! `#[contract]` on a trait: parse, check, and the two sides that are generated beside the trait.
//!
//! The trait itself stays as it is. Beside it are its description (a static), what a module offers that implements it (a
//! function with the name of the trait, which only `export_module!` calls) and the client for hosts.

mod args;
mod check;
mod description;
mod function;
mod host;
mod module;
mod record;
mod types;
mod version;

use hotpatch_abi::module::MODULE_ABI_VERSION;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, ItemTrait, Path, Result, Visibility};

use crate::krate;
use function::Function;

pub(crate) use types::refuse as refuse_type;
pub(crate) use version::Version;

/// A trait that has passed all checks.
struct Contract {
    /// The path of what generated code refers to.
    private: TokenStream,
    vis: Visibility,
    name: Ident,
    version: Version,
    functions: Vec<Function>,
    /// Those attributes of the trait that hold for what is generated beside it.
    conditions: Vec<Attribute>,
}

impl Contract {
    /// The static that describes the contract.
    fn description(&self) -> Ident {
        format_ident!("__HOTPATCH_CONTRACT_{}", self.name)
    }
}

/// The path of what generated code refers to.
pub(crate) fn private(krate: &Path) -> TokenStream {
    let private = format_ident!("__private{MODULE_ABI_VERSION}");
    quote!(#krate::#private)
}

/// The code for a trait.
pub(crate) fn rewrite(args: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let args = args::parse(args);
    check::on_trait(&item)?;
    let item: ItemTrait = syn::parse2(item)?;
    let (args, functions) = check::run(args, &item)?;
    let contract = Contract {
        private: private(&args.krate.unwrap_or_else(krate::of_modules)),
        vis: item.vis.clone(),
        name: item.ident.clone(),
        version: args.version,
        functions,
        conditions: check::conditions(&item.attrs),
    };
    let description = description::expand(&contract);
    let module = module::expand(&contract);
    let host = host::expand(&contract);
    Ok(quote!(#item #description #module #host))
}
