//! What the code that `#[hotpatch]` generates refers to, `core` included: a crate may shadow any name and use no prelude.
//!
//! The name under which this module is public ends in the version of the ABI, so an attribute and a facade that do
//! not fit together do not compile.

pub use core::future::Future;
pub use core::marker::Sized;
pub use core::option::Option::{None, Some};
pub use core::{concat, module_path};

pub use hotpatch_abi::entry::{Body, Entry, TypesOf, types_of};
pub use hotpatch_runtime::{Registered, RegisteredGeneric, Started, enter, enter_instance, inventory};

const _: () = assert!(hotpatch_abi::version::ABI_VERSION == 2, "rename `__private2`");

/// `!`, which has no name in types yet.
pub type Never = <fn() -> ! as Returns>::Output;

/// What a function returns.
pub trait Returns {
    /// The type.
    type Output;
}

impl<Output> Returns for fn() -> Output {
    type Output = Output;
}
