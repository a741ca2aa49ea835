//! Plugin hosts over a stable ABI: modules come, are replaced as a whole and taken back while the host runs.

pub mod contract;

pub use hotpatch_abi::module as abi;

#[cfg(feature = "host")]
mod host;

#[cfg(feature = "host")]
pub use host::{
    CallError, CallErrorKind, Change, Changed, ChangedModule, ErrorKind, Function, Machine, ModuleError,
    ModuleHost, ModuleStatus,
};
