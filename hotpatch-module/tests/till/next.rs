//! A contract that promises nothing of the earlier ones any more.
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

#[contract(version = "2.0.0")]
trait Till {
    fn total(&self, items: &[Item]) -> f64;
    fn dearest(&self, items: &[Item]) -> Option<Item>;
    fn receipt(&self) -> String;
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
}

hotpatch_module::export_module! {
    name: "till",
    version: "3.0.0",
    contract: Till => Constant,
}
