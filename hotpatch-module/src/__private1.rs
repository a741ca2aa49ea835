//! What generated code refers to. No part of the interface: its name has the version of the ABI, so that a macro and a library
//! that do not belong together do not compile.

pub use hotpatch_abi::module::{
    MODULE_ABI_VERSION, MODULE_MAGIC, Module, ModuleContract, ModuleDependency, ModuleFn, ModuleFunction,
    ModuleVersion,
};

pub use crate::contract::{Contract, ContractFunction, Output, Part};
pub use crate::guest::{
    Held, Instance, Keeper, Offer, Slice, Table, contract, dependency, function, held, join, reload, run,
    send, serve, start, stop, text,
};
pub use crate::layout::{Argument, Field, Kind, Layout, Signature, Variant};
pub use crate::shared::{Invalid, Shared};

/// Generated code that only a host needs.
#[cfg(feature = "host")]
#[doc(hidden)]
#[macro_export]
macro_rules! __host {
    ($($code:tt)*) => { $($code)* };
}

/// Generated code that only a host needs.
#[cfg(not(feature = "host"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __host {
    ($($code:tt)*) => {};
}

pub use crate::__host as host;
#[cfg(feature = "host")]
pub use crate::client::{Client, ImplementedBy, call};
#[cfg(feature = "host")]
pub use crate::host::{CallError, Function};

/// The parts of inputs.
pub mod part {
    use crate::contract::Part;

    pub const fn value<T>(offset: usize) -> Part {
        let (size, align) = (size_of::<T>(), align_of::<T>());
        Part::Value { offset, size, align }
    }

    pub const fn reference<T>(offset: usize) -> Part {
        let (size, align) = (size_of::<T>(), align_of::<T>());
        Part::Reference { offset, size, align }
    }

    pub const fn slice<T>(offset: usize) -> Part {
        let (size, align) = (size_of::<T>(), align_of::<T>());
        Part::Slice { offset, size, align }
    }
}

/// A text that was made of texts.
pub const fn utf8(bytes: &'static [u8]) -> &'static str {
    match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a layout is made of texts"),
    }
}

/// An argument that the host made of a text.
///
/// # Safety
///
/// The bytes are UTF-8.
#[inline(always)]
pub const unsafe fn utf8_unchecked(bytes: &[u8]) -> &str {
    // SAFETY: promised by the caller.
    unsafe { str::from_utf8_unchecked(bytes) }
}

/// The result of a check of a part, seen from the whole.
#[inline(always)]
pub fn within(checked: Result<(), Invalid>, part: &'static str) -> Result<(), Invalid> {
    checked.map_err(|invalid| invalid.within(part))
}

/// The error of a number that stands for no variant.
#[cold]
pub fn no_variant(ty: &'static str, number: i128) -> Invalid {
    Invalid::number(ty, number)
}
