//! Plugin hosts over a stable ABI: modules come, are replaced as a whole and taken back while the host runs.

pub(crate) mod contract;
pub mod layout;

mod returned;
mod shared;

mod guest;

#[cfg(feature = "host")]
mod client;
#[cfg(feature = "host")]
mod host;

#[doc(hidden)]
pub mod __private1;

pub use hotpatch_abi::module as abi;
pub use hotpatch_macros::{Shared, contract, export_module};

pub use contract::{Contract, ContractFunction, Output, Part, Sink};
pub use guest::HookResult;
pub use returned::Returned;
pub use shared::{Invalid, Shared};

#[cfg(feature = "host")]
pub use client::{Client, ImplementedBy};
#[cfg(feature = "host")]
pub use host::{
    CallError, CallErrorKind, Change, Changed, ChangedModule, ErrorKind, Function, Machine, ModuleError,
    ModuleHost, ModuleStatus,
};

#[cfg(feature = "wasm")]
mod sandbox;

#[cfg(feature = "wasm")]
pub use sandbox::Limits;
