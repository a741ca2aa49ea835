//! `cargo hotpatch doctor`: checks that toolchain, linker and profiles allow patching.

mod finding;

mod dependency;
mod dylibs;
mod flags;
mod hot_functions;
mod linker;
mod profiles;
mod toolchain;

mod report;

pub(crate) use report::run;
