//! A session: one program that runs, and the edits that it takes.

mod inbox;
mod signals;
mod watcher;

mod delivery;
mod processes;
mod program;

mod attachment;
mod edit;
mod in_doubt;
mod overview;
mod undo;

mod ending;
mod keys;
mod refusals;
mod restart;

mod main_loop;

pub(crate) use keys::Keys;
pub(crate) use main_loop::{Options, run};
pub(crate) use program::Ending;
pub(crate) use refusals::OnRefusal;
