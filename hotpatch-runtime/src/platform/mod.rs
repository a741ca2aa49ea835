//! Everything that knows the operating system, the object format and the processor.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")))]
compile_error!("hotpatch does not support this platform yet: only x86_64 Linux with glibc");

mod backtraces;
mod bytes;
mod callers;
mod changes;
mod descriptor;
mod dynamic;
mod elf;
mod file_image;
mod loader;
pub(crate) mod membarrier;
pub(crate) mod module_library;
mod poll;
mod program;
mod relocations;
mod signals;
mod start;
mod symbols;
mod thread;
mod way;

pub(crate) use backtraces::forget_images;
pub(crate) use bytes::peek;
pub(crate) use changes::Changes;
pub(crate) use descriptor::off_standard_streams;
pub(crate) use elf::{Access, Layout, Segments};
pub(crate) use loader::{Loaded, copy_in_memory};
pub(crate) use poll::{Bell, wait_for};
pub(crate) use program::{Program, is_privileged};
pub(crate) use signals::{Signal, without_signals};
pub(crate) use thread::{is_traced, thread_id, thread_name};
