//! A shop that swaps the module which makes its prices, while it runs:
//!
//! ```text
//! cargo build -p modules-v1 -p modules-v2 && cargo run -p modules-host
//! ```
#![forbid(unsafe_code)]

use std::error::Error;
use std::path::PathBuf;

use hotpatch_module::ModuleHost;
use hotpatch_module::abi::ModuleVersion;
use modules_shared::{Customer, Order, Pricing, PricingClient, Quote};

/// What runs as long as there is no module.
struct ListPrice;

impl Pricing for ListPrice {
    fn quote(&self, orders: &[Order]) -> Result<Quote, String> {
        let totals = orders
            .iter()
            .map(|order| u64::from(order.pieces) * u64::from(order.cents));
        Ok(Quote {
            total: totals.sum(),
            discount: 0,
        })
    }
}

/// The state of the program. It stays where it is, whatever is swapped.
struct Shop {
    pricing: PricingClient,
    sold: u64,
}

impl Shop {
    fn sell(&mut self, orders: &[Order]) -> Result<(), Box<dyn Error>> {
        match self.pricing.quote(orders)? {
            Ok(Quote { total, discount }) => {
                self.sold += total;
                println!("  sold for {total} cents, {discount} % off; {} so far", self.sold);
            }
            Err(reason) => println!("  not sold: {reason}"),
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let host = ModuleHost::new(ModuleVersion::new(1, 0, 0));
    host.register_fallbacks::<PricingClient, _>("pricing", ListPrice)?;
    let mut shop = Shop {
        pricing: host.client("pricing")?,
        sold: 0,
    };
    let orders = [
        Order {
            pieces: 8,
            cents: 100,
            customer: Customer::New,
        },
        Order {
            pieces: 4,
            cents: 50,
            customer: Customer::Regular,
        },
    ];

    println!("no module: the fallback");
    shop.sell(&orders)?;

    let loaded = host.load(library("modules_v1")?)?;
    println!("{}", described(&loaded));
    shop.sell(&orders)?;
    shop.sell(&[])?;

    let swapped = host.reload(library("modules_v2")?)?;
    println!("{}", described(&swapped));
    shop.sell(&orders)?;
    shop.sell(&[])?;

    let back = host.rollback("pricing")?;
    println!("rolled back: {}", described(&back));
    shop.sell(&orders)?;

    let gone = host.unload("pricing")?;
    println!("{}", described(&gone));
    shop.sell(&orders)?;
    Ok(())
}

/// What a change was about.
fn described(changed: &hotpatch_module::Changed) -> String {
    let one = |version: Option<ModuleVersion>| version.map_or("none".into(), |version| version.to_string());
    let all = changed.modules.iter();
    let all = all.map(|module| format!("{}: {} -> {}", module.name, one(module.from), one(module.to)));
    all.collect::<Vec<_>>().join(", ")
}

/// The library of a module: cargo puts it beside the program.
fn library(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let path = program.with_file_name(format!("lib{name}.so"));
    if path.exists() {
        return Ok(path);
    }
    let package = name.replace('_', "-");
    Err(format!(
        "there is no `{}`: build it with `cargo build -p {package}`",
        path.display()
    )
    .into())
}
