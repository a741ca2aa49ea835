//! The contract of the host itself.
#![forbid(unsafe_code)]

mod contract;

use contract::{Item, Till};

#[derive(Default)]
struct Exact;

impl Till for Exact {
    fn total(&self, items: &[Item]) -> f64 {
        items.iter().map(|item| item.price * f64::from(item.count)).sum()
    }

    fn dearest(&self, items: &[Item]) -> Option<Item> {
        items
            .iter()
            .copied()
            .max_by(|one, other| one.price.total_cmp(&other.price))
    }

    fn receipt(&self) -> String {
        "thank you".into()
    }
}

hotpatch_module::export_module! {
    name: "till",
    contract: Till => Exact,
}
