//! The stress test with roll-backs in a process that cannot use `membarrier`.

#[path = "support/forbid_membarrier.rs"]
mod forbid_membarrier;
#[macro_use]
#[path = "stress_roll_back.rs"]
mod stress_roll_back;
