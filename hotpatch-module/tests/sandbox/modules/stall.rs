//! The shop again, under a name of its own, and in need of the other one.
#![forbid(unsafe_code)]

#[path = "../../shop/contract.rs"]
mod contract;
#[path = "../../shop/plain.rs"]
mod plain;

use contract::Shop;

hotpatch_module::export_module! {
    name: "stall",
    version: "1.0.0",
    contract: Shop => plain::Plain<5>,
    depends: ["shop" >= "1.0.0"],
}
