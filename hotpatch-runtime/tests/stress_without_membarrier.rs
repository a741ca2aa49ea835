//! The stress test in a process that cannot use `membarrier`.

#[path = "support/forbid_membarrier.rs"]
mod forbid_membarrier;
#[macro_use]
#[path = "stress.rs"]
mod stress;
