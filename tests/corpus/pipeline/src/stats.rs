//! Figures about numbers.

use std::cmp::Ordering;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    pub count: u32,
    pub low: f64,
    pub high: f64,
    pub mean: f64,
}

/// The first of several values that is there.
macro_rules! first_of {
    ($last:expr) => { $last };
    ($head:expr, $($tail:expr),+) => { $head.unwrap_or_else(|| first_of!($($tail),+)) };
}

pub fn summary(numbers: impl IntoIterator<Item = f64>) -> Option<Summary> {
    let mut numbers = numbers.into_iter();
    let first = numbers.next()?;
    let start = (1, first, first, first);
    let (count, low, high, sum) = numbers.fold(start, |(count, low, high, sum), number| {
        (count + 1, number.min(low), number.max(high), sum + number)
    });
    Some(Summary {
        count,
        low,
        high,
        mean: sum / f64::from(count),
    })
}

pub fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(order);
    let middle = sorted.len() / 2;
    first_of!(sorted.get(middle).copied(), sorted.first().copied(), 0.0)
}

pub fn order(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

/// The differences of neighbours.
pub fn steps<'a>(numbers: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    numbers.windows(2).map(|pair| pair[1] - pair[0])
}
