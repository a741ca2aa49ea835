//! The facts that the `#[hotpatch]` macro, the runtime and the tool share, and their only owner.
//!
//! No dependencies and no `std`: this crate is part of every hot-patched program and of every tool that reads one.
#![no_std]
#![deny(unsafe_code)]

extern crate alloc;

pub mod code;
pub mod entry;
pub mod names;
pub mod version;

mod codec;

pub mod checksum;
pub mod frame;
pub mod generation;
pub mod manifest;
pub mod module;
pub mod patch_file;

pub use codec::DecodeError;
