//! The side of a module: what `export_module!` and `contract` generate code against.

mod hook;
mod instance;
mod manifest;
mod serve;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use hook::{HookResult, reload, start, stop};
pub use instance::{Held, Instance, Keeper, held};
pub use manifest::{Offer, Table, contract, dependency, function, join, text};
#[cfg(feature = "host")]
pub(crate) use serve::Reply;
pub use serve::{Slice, run, send, serve};
