//! The instances of generic hot functions, and the closures that are given to `hotpatch::call`.
//!
//! An instance has no entry. The process knows it by the address of its body *as built*: the first one that it has, with
//! which its callers ask for the code of the live generation. Callers that come later ask with that address, too.

mod align;
mod find;
mod known;
mod refuse;

pub(crate) use find::{Capture, Instance, instances};
pub(crate) use known::{Adopted, Id, InstanceBody, KnownInstances};
pub(crate) use refuse::{changed_captures, gone_accesses};
