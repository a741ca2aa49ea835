//! A session: one program that runs, and the edits that it takes.

mod inbox;
mod signals;
mod watcher;

mod attached;
mod delivery;
mod processes;
mod program;

mod attachment;
mod edit;
mod in_doubt;
mod overview;
mod roll_back;

mod ending;
mod keys;
mod refusals;
mod restart;

mod main_loop;

mod test_edit;
mod test_session;

pub(crate) use keys::Keys;
pub(crate) use main_loop::{Options, run};
pub(crate) use program::{Ending, environment};
pub(crate) use refusals::OnRefusal;
pub(crate) use test_session::{TestOptions, run as run_tests};
