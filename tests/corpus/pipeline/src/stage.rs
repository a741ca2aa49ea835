//! Stages, which put together are a stage again.

use std::collections::BTreeMap;

pub trait Stage {
    type In;
    type Out;

    fn run(&mut self, item: Self::In) -> Option<Self::Out>;

    fn then<S: Stage<In = Self::Out>>(self, next: S) -> Then<Self, S>
    where
        Self: Sized,
    {
        Then { first: self, next }
    }
}

pub struct Then<A, B> {
    first: A,
    next: B,
}

impl<A: Stage, B: Stage<In = A::Out>> Stage for Then<A, B> {
    type In = A::In;
    type Out = B::Out;

    fn run(&mut self, item: A::In) -> Option<B::Out> {
        self.next.run(self.first.run(item)?)
    }
}

/// Drops what lies outside.
#[derive(Debug, Clone, Copy)]
pub struct Within<T> {
    pub low: T,
    pub high: T,
}

impl<T: PartialOrd> Stage for Within<T> {
    type In = T;
    type Out = T;

    fn run(&mut self, item: T) -> Option<T> {
        (item >= self.low && item <= self.high).then_some(item)
    }
}

/// Scales and counts.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub factor: f64,
    pub passed: u32,
}

impl Stage for Scale {
    type In = f64;
    type Out = f64;

    fn run(&mut self, item: f64) -> Option<f64> {
        self.passed += 1;
        Some(item * self.factor)
    }
}

/// Any function.
pub struct By<F, A> {
    function: F,
    input: std::marker::PhantomData<fn(A)>,
}

pub fn by<F: FnMut(A) -> Option<B>, A, B>(function: F) -> By<F, A> {
    By {
        function,
        input: std::marker::PhantomData,
    }
}

impl<F: FnMut(A) -> Option<B>, A, B> Stage for By<F, A> {
    type In = A;
    type Out = B;

    fn run(&mut self, item: A) -> Option<B> {
        (self.function)(item)
    }
}

/// How many items are equal.
pub fn tally<K: Ord, I: IntoIterator<Item = K>>(items: I) -> BTreeMap<K, usize> {
    items.into_iter().fold(BTreeMap::new(), |mut tally, key| {
        *tally.entry(key).or_default() += 1;
        tally
    })
}
