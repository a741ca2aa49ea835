//! The contract of the modules in this folder. Each includes it, as a crate of its own would be.

#![allow(unreachable_pub)]

use hotpatch_module::{Shared, contract};

/// What somebody wants to buy.
#[derive(Shared, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Order {
    pub id: u64,
    pub price: f64,
    pub quantity: u32,
    pub side: Side,
    pub urgent: bool,
}

#[derive(Shared, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub enum Side {
    Buy = 1,
    Sell = 2,
}

#[derive(Shared, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Rule {
    pub from: u32,
    pub percent: f64,
}

#[derive(Shared, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Quote {
    pub total: f64,
    pub order: Order,
    pub letters: [char; 2],
}

#[derive(Shared, Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct Refusal(pub i32);

/// A shop.
#[contract(version = "1.2.0")]
pub trait Shop {
    /// The price of an order.
    fn quote(&self, order: &Order, rules: &[Rule]) -> Result<Quote, Refusal>;
    fn add(&self, left: u64, right: u64) -> u64;
    fn describe(&self, name: &str, orders: &[Order]) -> String;
    fn sorted(&self, orders: &[Order], side: Side) -> Vec<Order>;
    fn first(&self, numbers: &[f32]) -> Option<f32>;
    fn parse(&self, text: &str) -> Result<Vec<u16>, String>;
    fn count(&self) -> u32;
    fn forget(&self);
    fn name() -> String;
}
