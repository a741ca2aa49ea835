//! Why a function that changed stays as it was: from the call graph and the debug information of the new program.
//!
//! Everything here is computed only when there is such a function, and only for what leads to it.

mod code;
mod decide;
mod explain;
mod graph;
mod notes;
mod parts;
mod paths;
mod reason;
mod survey;

pub(crate) use explain::{Edit, own_path, unreached};
pub(crate) use notes::{entered_once, goes_on, objects_keep};
pub(crate) use paths::Crates;
pub use reason::{Holder, Reason, Started, Unreached, Way};
