//! A contract as its host has it. The modules in this folder have contracts of the same name that went other ways.

#![allow(unreachable_pub)]

use hotpatch_module::{Shared, contract};

#[derive(Shared, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Item {
    pub price: f64,
    pub count: u32,
    pub kind: Kind,
}

#[derive(Shared, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub enum Kind {
    Goods = 0,
    Service = 1,
}

#[contract(version = "1.2.0")]
pub trait Till {
    fn total(&self, items: &[Item]) -> f64;
    fn dearest(&self, items: &[Item]) -> Option<Item>;
    fn receipt(&self) -> String;
}
