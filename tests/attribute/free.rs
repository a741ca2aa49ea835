//! Free functions.

use std::fmt::Display;
use std::panic::catch_unwind;

use hotpatch::hotpatch;

use crate::check_entry;

#[hotpatch]
fn plain(a: u8, b: u16) -> u32 {
    u32::from(a) + u32::from(b)
}

#[hotpatch]
fn nothing() {}

#[hotpatch]
fn patterns(mut a: u8, (b, [c, ..]): (u8, [u8; 3]), &d: &u8, _: String, _e: u8, f @ 0..: u8) -> u8 {
    a += 1;
    a + b + c + d + f
}

#[hotpatch]
fn longest<'a, 'b: 'a>(a: &'a str, b: &'b str) -> &'a str
where
    'a: 'a,
{
    if a.len() > b.len() { a } else { b }
}

#[hotpatch]
fn elided(a: &mut Vec<u8>, b: u8) -> &mut u8 {
    a.push(b);
    a.last_mut().unwrap()
}

#[hotpatch]
fn boxed(a: Box<dyn Fn(&str) -> usize + '_>, b: &dyn Display, c: fn(usize) -> usize) -> usize {
    c(a(&b.to_string()))
}

#[hotpatch]
fn evens(below: u32) -> impl Iterator<Item = u32> {
    (0..below).filter(|number| number % 2 == 0)
}

#[hotpatch]
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars()
}

#[hotpatch]
fn diverge(message: &str) -> ! {
    panic!("{message}")
}

#[hotpatch]
#[allow(clippy::too_many_arguments)]
fn many(a: u8, b: u16, c: u32, d: u64, e: u128, f: f32, g: f64, h: [u64; 9], i: &str, j: (u8, u8)) -> f64 {
    let sum = u64::from(a) + u64::from(b) + u64::from(c) + d + h.iter().sum::<u64>();
    sum as f64 + e as f64 + f64::from(f) + g + i.len() as f64 + f64::from(j.0) + f64::from(j.1)
}

#[hotpatch]
fn fibonacci(n: u32) -> u64 {
    if n < 2 {
        n.into()
    } else {
        fibonacci(n - 1) + fibonacci(n - 2)
    }
}

#[rustfmt::skip]
/* öäü */ #[hotpatch] fn after_wide_characters() -> &'static str { "ü" }

#[hotpatch]
fn r#match(r#in: u8) -> u8 {
    r#in
}

#[hotpatch]
fn own_types() -> String {
    struct Inner;
    impl Inner {
        fn new() -> Self {
            Self
        }
        fn name(&self) -> String {
            "inner".into()
        }
    }
    Inner::new().name()
}

#[hotpatch]
fn inner_attribute(x: u8) -> u8 {
    #![allow(unused_variables)]
    0
}

#[test]
fn free_functions() {
    assert_eq!(plain(1, 2), 3);
    nothing();
    assert_eq!(patterns(1, (2, [3, 0, 0]), &4, String::new(), 0, 5), 16);
    assert_eq!(longest("ab", "c"), "ab");
    *elided(&mut vec![], 1) += 1;
    assert_eq!(boxed(Box::new(str::len), &"four", |n| n + 1), 5);
    assert_eq!(evens(6).sum::<u32>(), 6);
    assert_eq!(letters("abc").last(), Some('c'));
    assert_eq!(many(1, 2, 3, 4, 5, 6.0, 7.0, [1; 9], "ten", (1, 1)), 42.0);
    assert_eq!(fibonacci(10), 55);
    assert_eq!(after_wide_characters(), "ü");
    assert_eq!(r#match(1), 1);
    assert_eq!(own_types(), "inner");
    assert_eq!(inner_attribute(1), 0);
    assert_eq!(hotpatch::call(|| plain(3, 4)), 7);
}

#[test]
fn a_function_can_be_taken_by_its_address() {
    let pointer: fn(u8, u16) -> u32 = plain;
    assert_eq!(pointer(1, 1), 2);
    assert_eq!([1, 2].map(r#match), [1, 2]);
}

#[test]
fn a_function_that_never_returns_unwinds() {
    let panic = catch_unwind(|| diverge("gone")).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "gone");
}

#[test]
fn entries_say_what_stands_in_the_source() {
    check_entry("free::plain", "fn plain(a: u8, b: u16) -> u32");
    check_entry("free::nothing", "fn nothing()");
    check_entry(
        "free::longest",
        "fn longest<'a, 'b: 'a>(a: &'a str, b: &'b str) -> &'a str where 'a: 'a",
    );
    check_entry("free::match", "fn r#match(r#in: u8) -> u8");
    check_entry(
        "free::after_wide_characters",
        "fn after_wide_characters() -> &'static str",
    );
}
