//! Methods and associated functions.

use std::fmt::Display;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use hotpatch::hotpatch;

use crate::check_entry;

#[derive(Clone, Default)]
struct Counter {
    value: u32,
}

impl Counter {
    #[hotpatch]
    fn new(value: u32) -> Counter {
        Counter { value }
    }

    #[hotpatch]
    fn zero() -> Self {
        Self::default()
    }

    #[hotpatch]
    fn get(&self) -> u32 {
        self.value
    }

    #[hotpatch]
    pub fn add(&mut self, by: u32) -> &mut Self {
        self.value += by;
        self
    }

    #[hotpatch]
    fn into_value(mut self) -> u32 {
        self.value += 1;
        self.value
    }

    #[hotpatch]
    #[expect(clippy::boxed_local)]
    fn boxed(self: Box<Self>) -> u32 {
        self.value
    }

    #[hotpatch]
    fn counted(self: Rc<Self>) -> (usize, Rc<Self>) {
        (Rc::strong_count(&self), self)
    }

    #[hotpatch]
    fn shared(self: &Arc<Self>) -> usize {
        Arc::strong_count(self)
    }

    #[hotpatch]
    fn pinned(self: Pin<&mut Self>, by: u32) -> u32 {
        let this = self.get_mut();
        this.value += by;
        this.value
    }

    #[hotpatch]
    fn larger<'a>(&'a self, other: &'a Self) -> &'a Self {
        if self.value > other.value { self } else { other }
    }

    #[hotpatch]
    fn recursive(&self, n: u32) -> u32 {
        if n == 0 {
            self.value
        } else {
            self.recursive(n - 1) + 1
        }
    }

    #[hotpatch]
    unsafe fn unchecked(&self, from: &[u32]) -> u32 {
        // SAFETY: the caller promises that the value is an index.
        unsafe { *from.get_unchecked(self.value as usize) }
    }

    #[hotpatch]
    fn below(&self) -> impl Iterator<Item = u32> {
        0..self.value
    }
}

#[test]
fn every_form_of_self() {
    let mut counter = Counter::new(1);
    assert_eq!(Counter::zero().get(), 0);
    assert_eq!(counter.add(1).add(2).get(), 4);
    assert_eq!(counter.clone().into_value(), 5);
    assert_eq!(Box::new(counter.clone()).boxed(), 4);
    assert_eq!(Rc::new(counter.clone()).counted().0, 1);
    assert_eq!(Arc::new(counter.clone()).shared(), 1);
    assert_eq!(Pin::new(&mut counter).pinned(2), 6);
    assert_eq!(counter.larger(&Counter::new(9)).get(), 9);
    assert_eq!(counter.recursive(3), 9);
    // SAFETY: the slice has seven elements.
    assert_eq!(unsafe { counter.unchecked(&[0, 1, 2, 3, 4, 5, 66]) }, 66);
    assert_eq!(counter.below().count(), 6);
    assert_eq!([Counter::new(3)].iter().map(Counter::get).sum::<u32>(), 3);
    check_entry("methods::Counter::new", "fn new(value: u32) -> Counter");
    check_entry("methods::Counter::add", "fn add(&mut self, by: u32) -> &mut Self");
    check_entry(
        "methods::Counter::pinned",
        "fn pinned(self: Pin<&mut Self>, by: u32) -> u32",
    );
}

struct Parser<'text, T> {
    text: &'text str,
    state: T,
}

impl<'text> Parser<'text, u8> {
    #[hotpatch]
    fn next(&mut self) -> Option<&'text str> {
        self.state += 1;
        let (word, rest) = self.text.split_once(' ')?;
        self.text = rest;
        Some(word)
    }
}

impl Parser<'_, u16> {
    #[hotpatch]
    fn next(&mut self) -> u16 {
        self.state
    }
}

trait Loud: Display {}

impl Loud for &str {}

impl dyn Loud + Send {
    #[hotpatch]
    fn shout(&self) -> String {
        self.to_string().to_uppercase()
    }
}

#[test]
fn impls_of_special_types() {
    let text = String::from("a b c");
    let mut parser = Parser {
        text: &text,
        state: 0_u8,
    };
    let first = parser.next();
    assert_eq!(
        (first, parser.next(), parser.next(), parser.state),
        (Some("a"), Some("b"), None, 3)
    );
    assert_eq!(
        Parser {
            text: "",
            state: 7_u16
        }
        .next(),
        7
    );
    let text: Box<dyn Loud + Send> = Box::new("loud");
    assert_eq!(text.shout(), "LOUD");
    check_entry(
        "methods::Parser<u8>::next",
        "fn next(&mut self) -> Option<&'text str>",
    );
    check_entry("methods::Parser<u16>::next", "fn next(&mut self) -> u16");
}

#[test]
fn entries_know_the_bodies_of_methods() {
    let functions = hotpatch::functions();
    let counter = functions
        .iter()
        .filter(|function| function.name.contains("methods::Counter"));
    assert!(counter.clone().count() >= 13);
    assert!(counter.clone().all(|function| function.address.is_some()));
}
