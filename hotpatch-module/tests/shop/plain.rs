//! A shop that counts.

#![allow(unreachable_pub)]

use std::sync::atomic::{AtomicU32, Ordering};

use super::contract::{Order, Quote, Refusal, Rule, Shop, Side};

/// A shop. What it is depends on the percentage that it adds.
#[derive(Default)]
pub struct Plain<const PERCENT: u32> {
    calls: AtomicU32,
}

impl<const PERCENT: u32> Shop for Plain<PERCENT> {
    fn quote(&self, order: &Order, rules: &[Rule]) -> Result<Quote, Refusal> {
        let rule = rules.iter().rfind(|rule| rule.from <= order.quantity);
        let percent = rule.map_or(0.0, |rule| rule.percent) + f64::from(PERCENT);
        if order.quantity == 0 {
            return Err(Refusal(-7));
        }
        Ok(Quote {
            total: order.price * f64::from(order.quantity) * (1.0 + percent / 100.0),
            order: *order,
            letters: ['ß', '€'],
        })
    }

    fn add(&self, left: u64, right: u64) -> u64 {
        left + right + u64::from(PERCENT)
    }

    fn describe(&self, name: &str, orders: &[Order]) -> String {
        format!(
            "{name} wants {} at {PERCENT} %",
            orders.iter().map(|order| order.quantity).sum::<u32>()
        )
    }

    fn sorted(&self, orders: &[Order], side: Side) -> Vec<Order> {
        let mut orders: Vec<Order> = orders
            .iter()
            .copied()
            .filter(|order| order.side == side)
            .collect();
        orders.sort_by_key(|order| order.id);
        orders
    }

    fn first(&self, numbers: &[f32]) -> Option<f32> {
        numbers.first().copied()
    }

    fn parse(&self, text: &str) -> Result<Vec<u16>, String> {
        let numbers = text
            .split(' ')
            .map(|word| word.parse().map_err(|_| format!("`{word}` is no number")));
        numbers.collect()
    }

    fn count(&self) -> u32 {
        // Nothing else depends on it.
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    fn forget(&self) {
        assert!(PERCENT != 13, "nobody forgets {PERCENT}");
        // Nothing else depends on it.
        self.calls.store(0, Ordering::Relaxed);
    }

    fn name() -> String {
        format!("plain {PERCENT}")
    }
}
