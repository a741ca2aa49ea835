//! The host of modules.

pub(crate) mod backend;
pub(crate) mod call_error;
mod change;
mod departure;
mod difference;
pub(crate) mod error;
mod expected;
mod fallback;
mod fulfil;
mod function;
mod history;
mod initialise;
pub(crate) mod inside;
mod instance;
pub(crate) mod manifest;
mod module_host;
mod native;
mod order;
mod plan;
mod shared;
pub(crate) mod status;
mod table;

pub use call_error::{CallError, CallErrorKind};
pub use change::Change;
pub use error::{ErrorKind, ModuleError};
pub(crate) use fallback::Fallback;
pub use function::Function;
pub use module_host::ModuleHost;
pub use status::{Changed, ChangedModule, Machine, ModuleStatus};
