//! Quantities that know their unit.

use std::fmt;
use std::iter::Sum;
use std::marker::PhantomData;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

pub trait Unit {
    const NAME: &'static str;
    const DIGITS: usize = 1;
}

macro_rules! units {
    ($($name:ident = $text:literal $(, $digits:literal)?;)*) => {$(
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name;

        impl Unit for $name {
            const NAME: &'static str = $text;
            $(const DIGITS: usize = $digits;)?
        }
    )*};
}

units! {
    Celsius = "C";
    Percent = "%", 0;
}

#[derive(Debug, PartialEq, PartialOrd, Default)]
pub struct Quantity<U, T = f64> {
    pub value: T,
    unit: PhantomData<U>,
}

impl<U, T> Quantity<U, T> {
    pub const fn new(value: T) -> Self {
        Self {
            value,
            unit: PhantomData,
        }
    }

    pub fn map<R>(self, change: impl FnOnce(T) -> R) -> Quantity<U, R> {
        Quantity::new(change(self.value))
    }
}

impl<U, T: Copy> Copy for Quantity<U, T> {}

impl<U, T: Copy> Clone for Quantity<U, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<U, T: Add<Output = T>> Add for Quantity<U, T> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.value + other.value)
    }
}

impl<U, T: Sub<Output = T>> Sub for Quantity<U, T> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.value - other.value)
    }
}

impl<U, T: Mul<Output = T>> Mul<T> for Quantity<U, T> {
    type Output = Self;

    fn mul(self, factor: T) -> Self {
        Self::new(self.value * factor)
    }
}

impl<U, T: Neg<Output = T>> Neg for Quantity<U, T> {
    type Output = Self;

    fn neg(self) -> Self {
        self.map(T::neg)
    }
}

impl<U, T: AddAssign> AddAssign for Quantity<U, T> {
    fn add_assign(&mut self, other: Self) {
        self.value += other.value;
    }
}

impl<U, T: Sum> Sum for Quantity<U, T> {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self::new(all.map(|one| one.value).sum())
    }
}

impl<U: Unit, T: fmt::Display> fmt::Display for Quantity<U, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.*}{}", U::DIGITS, self.value, U::NAME)
    }
}
