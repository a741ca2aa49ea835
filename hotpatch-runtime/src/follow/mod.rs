//! Following a file or a folder of patches, in a process without the tool.
//!
//! A look reads what there is (`files`, `content`), chooses what to offer (`choice`), offers it and tells what became of
//! it (`look`). A thread looks whenever its policy says so (`following`).

mod outcome;
mod policy;

#[cfg(feature = "live")]
mod choice;
#[cfg(feature = "live")]
mod content;
#[cfg(feature = "live")]
mod files;
#[cfg(feature = "live")]
mod following;
#[cfg(feature = "live")]
mod look;
#[cfg(feature = "live")]
mod trigger;

#[cfg(feature = "live")]
pub use following::{Following, follow};
pub use outcome::{Followed, Outcome};
pub use policy::Policy;
