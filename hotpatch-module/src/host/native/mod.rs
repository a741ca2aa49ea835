//! Native modules: shared libraries for this machine.

mod library;
mod read;

pub(crate) use library::open;
