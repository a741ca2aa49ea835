//! Everything that knows ELF records or x86-64 instructions.

pub(crate) mod eh_frame;
pub(crate) mod flow;
pub(crate) mod program;
pub(crate) mod substance;
pub(crate) mod x86_64;
