//! The atomics of [`live`](crate::live), in one place so that the loom model can put its own there.

pub(crate) use std::sync::atomic::{AtomicPtr, Ordering};
