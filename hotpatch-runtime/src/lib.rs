//! The runtime of a hot-patched process: which code a hot function runs, and how new code gets in.
//!
//! A call goes through [`dispatch`], which looks the function's slot up in the live `table`. A patch goes through
//! [`commit`], which verifies it, loads it, and publishes the next table with one atomic store.

pub mod registry;

mod live;
mod presence;
mod sync;
mod table;

mod scope;

pub mod dispatch;

pub mod commit;
pub mod event;
pub mod function;
pub mod refusal;

mod image;

mod platform;

mod control;

mod reserve;

pub use commit::{Applied, apply};
pub use dispatch::{call, enter};
pub use event::{Event, on_event};
pub use function::{Function, functions, generation};
pub use refusal::Refusal;
pub use registry::Registered;

#[doc(hidden)]
pub use inventory;
#[doc(hidden)]
pub use reserve::reserve;
