//! What the others depend on: one of everything that they may see.

pub mod lines;
pub mod placed;
pub mod small;

use std::cell::Cell;
use std::fmt;

use hotpatch::hotpatch;

pub use one::origin;
pub use placed::traced;

mod one {
    pub fn origin() -> u32 {
        1
    }
}

#[allow(dead_code)]
mod two {
    pub fn origin() -> u32 {
        2
    }
}

macro_rules! bumped {
    ($x:expr) => {
        $x + 1
    };
}

/// Plain.
pub fn plain(x: u32) -> u32 {
    helper(x) + 1
}

fn helper(x: u32) -> u32 {
    x * 10
}

/// Plain in optimised builds too.
#[inline(never)]
pub fn kept(x: u32) -> u32 {
    x + 3
}

/// Hot.
#[hotpatch]
pub fn hot(pair: Pair) -> String {
    format!("hot {} {}", pair.a, pair.b)
}

/// Plain, with a result in memory.
pub fn text() -> String {
    "text".to_owned()
}

/// A counter.
pub struct Counter(pub u32);

impl Counter {
    /// An associated constant.
    pub const BASE: u32 = 50;

    /// A method.
    pub fn value(&self) -> u32 {
        self.0 + 2
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "counter {}", self.0)
    }
}

/// Sets the cell when it is dropped.
pub struct Guard<'a>(pub &'a Cell<u32>);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.set(5);
    }
}

/// A closure behind a pointer.
pub fn boxed() -> Box<dyn Fn(u32) -> u32> {
    Box::new(|x| x + 7)
}

/// May panic.
pub fn careful(x: u32) -> u32 {
    x
}

/// Inlined.
#[inline]
pub fn inlined(x: u32) -> u32 {
    x + 4
}

/// Generic.
pub fn generic<T: ToString>(x: T) -> String {
    format!("generic {}", x.to_string())
}

/// A generic type.
pub struct Wrapped<T>(pub T);

impl<T: fmt::Debug> Wrapped<T> {
    /// A method of a generic type.
    pub fn value(&self) -> String {
        format!("wrapped {:?}", self.0)
    }
}

/// Generic over a value.
pub fn sized<const N: usize>() -> usize {
    N + 1
}

/// A constant.
pub const CONSTANT: u32 = 20;

/// Runs in the compiler.
pub const fn made(x: u32) -> u32 {
    x + 30
}

/// A trait with a default.
pub trait Named {
    /// The default.
    fn name(&self) -> String {
        "nobody".to_owned()
    }
}

/// Doubles.
#[macro_export]
macro_rules! twice {
    ($x:expr) => {
        $x * 2
    };
}

/// A pointer to a function.
pub const ACTION: fn(u32) -> u32 = acted;

fn acted(x: u32) -> u32 {
    x + 8
}

#[allow(dead_code)]
fn reacted(x: u32) -> u32 {
    x + 80
}

/// A closure.
pub fn opaque() -> impl Fn(u32) -> u32 {
    |x| x + 9
}

/// An iterator.
pub fn numbers() -> impl Iterator<Item = u32> {
    let start = 1;
    (0..3).map(move |x| x + start)
}

/// A future.
pub async fn later() -> u32 {
    11
}

/// Numbered.
#[repr(u8)]
pub enum Kind {
    /// The first.
    One = 1,
    /// The second.
    Two = 2,
}

/// Two fields.
#[repr(C)]
pub struct Pair {
    /// The first.
    pub a: u8,
    /// The second.
    pub b: u32,
}

/// Has a method from a trait.
pub struct Thing;

/// The trait.
pub trait Pick {
    /// The method.
    fn pick(&self) -> u32;
}

impl Pick for Thing {
    fn pick(&self) -> u32 {
        12
    }
}

/// One of two.
#[cfg(all())]
pub fn chosen() -> u32 {
    13
}

/// The other one.
#[cfg(any())]
pub fn chosen() -> u32 {
    14
}

/// A file.
pub const NOTE: &str = include_str!("note.txt");

/// A file in a body.
pub fn notice() -> &'static str {
    include_str!("notice.txt")
}

/// A module as a text.
pub const SOURCE: &str = include_str!("small.rs");

/// Implements its trait in a body.
pub struct Hidden;

/// Nothing but the place of an implementation.
pub fn registered() -> u32 {
    impl Named for Hidden {
        #[inline]
        fn name(&self) -> String {
            "hidden".to_owned()
        }
    }
    1
}

/// May be sent.
pub struct Handle {
    inner: Box<u32>,
}

impl Handle {
    /// A new one.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { inner: Box::new(15) }
    }

    /// What it holds.
    pub fn value(&self) -> u32 {
        *self.inner
    }
}

/// Shown by a derive.
#[derive(Debug)]
pub struct Tag {
    /// Its name.
    pub name: u32,
}

/// Calls a macro of this crate.
pub fn weight() -> u32 {
    bumped!(15)
}

/// The first.
pub fn longer<'a>(a: &'a str, _b: &str) -> &'a str {
    a
}

/// Has a copy of a generic function made that others use too.
pub fn uses() -> String {
    generic(7_u64)
}
