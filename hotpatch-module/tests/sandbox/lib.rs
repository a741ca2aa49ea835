//! Tests of modules in the sandbox. They are a package of their own, so that nothing else is built with its machine.

/// The chapter of the guide whose code needs the sandbox.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/src/sandbox.md")]
pub mod chapter {}
