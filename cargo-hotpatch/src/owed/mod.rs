//! Edits that only a new build can take up: which files decide what cargo builds, what a change of one means, and for
//! how long a restart is owed for it.

mod circumstances;
mod compiler;
mod debt;
mod difference;
mod facts;
mod matter;
mod reason;
mod toolchain_choice;

pub(crate) use circumstances::Circumstances;
pub(crate) use debt::{Debt, Due};
pub(crate) use matter::Matter;
pub(crate) use reason::{FileChange, Reader};
pub(crate) use toolchain_choice::ToolchainChoice;
