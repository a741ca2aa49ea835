//! The next version of the shop. It fulfils a second contract, and says when it comes and goes.
#![forbid(unsafe_code)]

mod contract;
mod plain;

use contract::Shop;
use hotpatch_module::contract;

/// Tells the time.
#[contract(version = "0.1.0")]
trait Clock {
    fn now(&self) -> u64;
}

#[derive(Default)]
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> u64 {
        12
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        println!("the clock is gone");
    }
}

hotpatch_module::export_module! {
    name: "shop",
    version: "2.0.0",
    host: "1.0.0",
    contract: Shop => plain::Plain<2>,
    contract: Clock => Stopped,
    on_load: || println!("the shop is new"),
    on_reload: |old: hotpatch_module::abi::ModuleVersion| {
        println!("the shop was {old}");
        if old.major == 1 { Ok(()) } else { Err(7) }
    },
    on_unload: || println!("the shop is gone"),
}
