//! What the host and its modules have agreed on: the types that cross, and the functions that a module offers.
#![forbid(unsafe_code)]

use hotpatch_module::{Shared, contract};

/// What a customer asks for.
#[derive(Shared, Clone, Copy, Debug)]
#[repr(C)]
pub struct Order {
    /// How many pieces.
    pub pieces: u32,
    /// The price of one, in cents.
    pub cents: u32,
    /// Who asks.
    pub customer: Customer,
}

/// Who asks.
#[derive(Shared, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Customer {
    /// Anybody.
    New,
    /// Somebody who has been here before.
    Regular,
}

/// What it costs.
#[derive(Shared, Clone, Copy, Debug)]
#[repr(C)]
pub struct Quote {
    /// In cents.
    pub total: u64,
    /// How much of it was taken off, in per cent.
    pub discount: u32,
}

/// Makes prices.
#[contract(version = "1.0.0")]
pub trait Pricing {
    /// What these orders cost together, or why there is no price.
    fn quote(&self, orders: &[Order]) -> Result<Quote, String>;
}
