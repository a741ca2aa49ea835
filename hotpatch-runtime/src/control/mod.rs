//! The control channel: how the tool reaches this process.
//!
//! Without the variable that names the control directory nothing is started, opened or printed.

mod answer;
mod client;
mod fork;
mod private;
mod server;
mod socket;
mod wake;

#[cfg(any(test, fuzzing))]
pub(crate) use client::{Client, MAX_HELLO, Next, Trust};
pub(crate) use fork::reopen;
pub(crate) use server::open;
pub(crate) use wake::wake;
