//! Single keys from the terminal, as long as nobody else wants its input.
//!
//! Invariant: whoever reads the terminal besides the tool finds it as it was before, and the terminal is given back
//! when the keyboard is dropped, also by a panic.

mod mode;
mod press;
mod readers;
mod system_call;

mod reader;
mod state;

pub(crate) use reader::{Keyboard, Owned};
pub(crate) use state::{Input, Reason};
