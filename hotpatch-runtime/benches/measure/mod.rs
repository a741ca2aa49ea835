//! What the benches measure, each against its bar. `benches/peers` of the repository measures the same beside the peers.
#![allow(dead_code, reason = "every bench uses a part of it")]
#![allow(unreachable_pub, reason = "a module of several programs")]

pub(crate) mod figure;
pub(crate) mod rounds;

pub(crate) mod fleet;

pub(crate) mod calls;
pub(crate) mod commits;
pub(crate) mod disturbance;
pub(crate) mod migrations;
pub(crate) mod rollbacks;
pub(crate) mod threads;
