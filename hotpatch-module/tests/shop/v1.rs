//! A shop.
#![forbid(unsafe_code)]

mod contract;
mod plain;

use contract::Shop;

hotpatch_module::export_module! {
    name: "shop",
    version: "1.0.0",
    contract: Shop => plain::Plain<1>,
}
