//! Files and folders of patches that a process follows by itself.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod bad;
mod changes;
mod handle;
mod order;
mod patches;
mod policies;
mod told;

hot!(one, ONE, 10);
