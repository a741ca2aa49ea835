//! A contract that was extended.
#![forbid(unsafe_code)]

use hotpatch_module::{Shared, contract};

#[derive(Shared, Clone, Copy)]
#[repr(C)]
struct Item {
    price: f64,
    count: u32,
    kind: Kind,
}

#[derive(Shared, Clone, Copy)]
#[repr(u8)]
#[allow(dead_code)]
enum Kind {
    Goods = 0,
    Service = 1,
}

#[contract(version = "1.3.0")]
trait Till {
    fn total(&self, items: &[Item]) -> f64;
    fn dearest(&self, items: &[Item]) -> Option<Item>;
    fn receipt(&self) -> String;
    fn added_later(&self);
}

#[derive(Default)]
struct Constant;

impl Till for Constant {
    fn total(&self, _: &[Item]) -> f64 {
        0.5
    }

    fn dearest(&self, items: &[Item]) -> Option<Item> {
        items.first().copied()
    }

    fn receipt(&self) -> String {
        String::new()
    }

    fn added_later(&self) {}
}

hotpatch_module::export_module! {
    name: "till",
    version: "3.0.0",
    contract: Till => Constant,
}
