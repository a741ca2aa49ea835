//! `cargo hotpatch test`: test binaries, what an edit means for their tests, and how they run.

mod libtest_args;
mod selection;

mod binary;
mod build;
mod listing;

mod bench;
mod first_patch;
mod programs;
mod relink;

mod results;
mod run;

pub(crate) use bench::TestBench;
pub(crate) use binary::TestBinary;
pub(crate) use build::{BuiltTests, build};
pub(crate) use libtest_args::LibtestArgs;
pub(crate) use programs::Programs;
pub(crate) use results::Results;
pub(crate) use run::{Ran, Running};
pub(crate) use selection::TestSelection;
