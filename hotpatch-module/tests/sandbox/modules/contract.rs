//! What the module in `troubled.rs` offers.

#![allow(unreachable_pub)]

use hotpatch_module::contract;

#[contract(version = "1.0.0")]
pub trait Troubled {
    fn count(&self) -> u32;
    fn panic(&self, text: &str);
    fn spin(&self);
    fn hoard(&self) -> u64;
    fn dive(&self, depth: u64) -> u64;
}
