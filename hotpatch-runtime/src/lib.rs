//! The runtime of a hot-patched process: which code a hot function runs, and how new code gets in.
//!
//! A call goes through `dispatch`, which looks the function's slot up in the live `table`. A patch goes through
//! `commit`, which verifies it, loads it, and publishes the next table with one atomic store.
//!
//! Without the feature `live` there is only the interface, in which nothing ever happens.

mod changed;
mod follow;
mod pointer;
pub mod refusal;
pub mod report;
mod serve;

pub use changed::{Changed, changed};
pub use follow::{Followed, Outcome, Policy};
pub use pointer::{Callable, ptr};
pub use refusal::Refusal;
pub use serve::{Serve, serve};

pub use report::{
    Address, Applied, Drain, Event, Function, Generation, Hold, Image, Migrated, OnTimeout, Origin,
    Preparing, Resident, RolledBack, StillInside, Thread, Unload,
};

#[cfg(not(feature = "live"))]
mod inert;
#[cfg(not(feature = "live"))]
use inert::enter_instance;
#[cfg(not(feature = "live"))]
pub use inert::{
    Following, apply, call, consistent, drain, follow, functions, generation, history, hold, images,
    keep_generations, on_event, rollback, step_back, unload,
};

#[cfg(feature = "live")]
mod address_map;
#[cfg(feature = "live")]
mod closure;
#[cfg(feature = "live")]
mod commit;
#[cfg(feature = "live")]
mod control;
#[cfg(feature = "live")]
pub mod dispatch;
#[cfg(feature = "live")]
mod drain;
#[cfg(feature = "live")]
mod event;
#[cfg(feature = "live")]
mod first_patch;
#[cfg(feature = "live")]
mod fork;
#[cfg(feature = "live")]
mod function;
#[cfg(all(feature = "live", any(test, fuzzing)))]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "live")]
pub mod generic;
#[cfg(feature = "live")]
mod history;
#[cfg(feature = "live")]
mod image;
#[cfg(feature = "live")]
mod lineage;
#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
mod migration;
#[cfg(feature = "live")]
#[doc(hidden)]
pub mod module_host;
#[cfg(feature = "live")]
mod platform;
#[cfg(feature = "live")]
mod presence;
#[cfg(feature = "live")]
pub mod registry;
#[cfg(feature = "live")]
mod reserve;
#[cfg(feature = "live")]
mod row_list;
#[cfg(feature = "live")]
mod rows;
#[cfg(feature = "live")]
mod scope;
pub mod started;
pub mod state;
#[cfg(feature = "live")]
mod sync;
#[cfg(feature = "live")]
mod table;

#[cfg(feature = "live")]
mod unload;

#[cfg(feature = "live")]
pub use commit::apply;
#[cfg(feature = "live")]
pub use dispatch::{call, consistent, enter, enter_instance};
#[cfg(feature = "live")]
pub use drain::drain;
#[cfg(feature = "live")]
pub use event::on_event;
#[cfg(feature = "live")]
pub use follow::{Following, follow};
#[cfg(feature = "live")]
pub use function::{functions, generation};
#[cfg(feature = "live")]
pub use generic::RegisteredGeneric;
#[cfg(feature = "live")]
pub use history::{history, keep_generations, rollback, step_back};
#[cfg(feature = "live")]
#[doc(hidden)]
pub use inventory;
#[cfg(feature = "live")]
pub use registry::Registered;
#[cfg(feature = "live")]
#[doc(hidden)]
pub use reserve::reserve;
pub use started::Started;
pub use state::{Down, Failure, Migrate, Old, State, migrate_down, migrate_up};
#[cfg(feature = "live")]
pub use unload::{hold, images, unload};
