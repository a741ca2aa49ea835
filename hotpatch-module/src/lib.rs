//! Plugin hosts over a stable ABI: modules come, are replaced as a whole and taken back while the host runs.

pub mod contract;

pub use hotpatch_abi::module as abi;
