//! The first version of the module `pricing`: who takes ten pieces gets a tenth off.
#![forbid(unsafe_code)]

use hotpatch_module::export_module;
use modules_shared::{Order, Pricing, Quote};

#[derive(Default)]
struct ByNumber;

impl Pricing for ByNumber {
    fn quote(&self, orders: &[Order]) -> Result<Quote, String> {
        let pieces: u32 = orders.iter().map(|order| order.pieces).sum();
        if pieces == 0 {
            return Err("there is no price for nothing".into());
        }
        let discount = if pieces >= 10 { 10 } else { 0 };
        let full: u64 = orders
            .iter()
            .map(|order| u64::from(order.pieces) * u64::from(order.cents))
            .sum();
        Ok(Quote {
            total: full * u64::from(100 - discount) / 100,
            discount,
        })
    }
}

export_module! {
    name: "pricing",
    contract: Pricing => ByNumber,
}
