//! The subcommands, one file each.

pub(crate) mod apply;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod history;
pub(crate) mod patch;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod test;

mod difference;
