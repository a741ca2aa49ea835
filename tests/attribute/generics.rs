//! Functions and methods with type and const parameters.

use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use hotpatch::hotpatch;

use crate::check_generic;

#[hotpatch]
fn show<T: Debug, U>(value: &T, _: U) -> String {
    format!("{value:?}")
}

#[hotpatch]
fn sum<const N: usize>(values: [u8; N]) -> usize {
    N + usize::from(values.iter().sum::<u8>())
}

#[hotpatch]
fn made<T: Default>() -> T {
    T::default()
}

#[hotpatch]
fn apply(f: &mut impl FnMut() -> u8, (label, _): (impl Display, u8)) -> String {
    format!("{label}{}", f())
}

#[hotpatch]
fn longest<'a, T: ?Sized, F>(a: &'a T, b: &'a T, len: F) -> &'a T
where
    F: for<'b> Fn(&'b T) -> usize,
{
    if len(b) > len(a) { b } else { a }
}

#[hotpatch]
fn count_down<T: Into<u32>>(n: T) -> u32 {
    match n.into() {
        0 => 0,
        n => 1 + count_down(n - 1),
    }
}

#[hotpatch]
fn lazily<'a, T: Clone>(items: &'a [T]) -> impl Iterator<Item = T> + 'a {
    items.iter().cloned()
}

#[hotpatch]
unsafe extern "C" fn at<T: Copy>(from: *const T) -> T {
    // SAFETY: promised by the caller.
    unsafe { *from }
}

#[test]
fn functions() {
    assert_eq!(show(&1, "x") + &show::<&str, _>(&"a", 1_u8), "1\"a\"");
    assert_eq!(sum([1, 2]) + sum([3]), 9);
    assert_eq!((made::<u8>(), made::<String>()), (0, String::new()));
    assert_eq!(apply(&mut || 3, ('x', 0)), "x3");
    assert_eq!(longest("a", "bb", str::len), "bb");
    assert_eq!(longest::<[u8], _>(&[1, 2], &[3], <[u8]>::len), [1, 2]);
    assert_eq!(count_down(3_u8), 3);
    assert_eq!(lazily(&['a', 'b']).collect::<String>(), "ab");
    // SAFETY: a reference is valid.
    assert_eq!(unsafe { at(&5) }, 5);
    let pointer: fn(&u8, u8) -> String = show;
    assert_eq!(pointer(&7, 1), "7");
    check_generic(
        "generics::show",
        "fn show<T: Debug, U>(value: &T, _: U) -> String",
    );
}

struct Stack<'a, T, const N: usize = 2> {
    items: &'a [T; N],
    marker: PhantomData<T>,
}

impl<'a, T: Copy, const N: usize> Stack<'a, T, N> {
    const FIRST: usize = 0;

    #[hotpatch]
    fn new(items: &'a [T; N]) -> Self {
        let marker = PhantomData;
        Self { items, marker }
    }

    #[hotpatch]
    fn first(&self) -> T {
        self.items[Self::FIRST]
    }

    #[hotpatch]
    fn map<U>(&self, f: impl Fn(T) -> U) -> [U; N] {
        self.items.map(f)
    }

    #[hotpatch]
    fn into_last(self) -> (Self, &'a T) {
        let last = &self.items[N - 1];
        (self, last)
    }

    #[hotpatch]
    fn len() -> usize {
        N
    }
}

struct Printer;

impl Printer {
    #[hotpatch]
    fn print<'a, T: Display + ?Sized>(&self, value: &'a T) -> (&'a T, String) {
        (value, value.to_string())
    }

    #[hotpatch]
    fn all(values: impl IntoIterator<Item = impl Display>) -> String {
        values.into_iter().map(|value| value.to_string()).collect()
    }
}

impl<T: Display> Display for Stack<'_, T> {
    #[hotpatch]
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b] = self.items;
        write!(f, "{a}/{b}")
    }
}

impl<T: Clone, const N: usize> IntoIterator for Stack<'_, T, N> {
    type Item = T;
    type IntoIter = std::array::IntoIter<T, N>;

    #[hotpatch]
    fn into_iter(self) -> Self::IntoIter {
        self.items.clone().into_iter()
    }
}

#[test]
fn methods() {
    let stack = Stack::new(&[1, 2]);
    assert_eq!((stack.first(), stack.map(|x| x + 1)), (1, [2, 3]));
    assert_eq!((stack.to_string(), *stack.into_last().1), ("1/2".into(), 2));
    assert_eq!(Stack::<u8, 3>::len(), 3);
    assert_eq!(
        Stack::new(&['a', 'b', 'c']).into_iter().collect::<String>(),
        "abc"
    );
    check_generic("generics::Stack<T, N>::first", "fn first(&self) -> T");
    assert_eq!(Printer.print("x").1 + &Printer::all([1, 2]), "x12");
}

fn outer<T: Debug>(value: T) -> String {
    #[hotpatch]
    fn inner(text: &str) -> String {
        text.repeat(2)
    }
    inner(&format!("{value:?}"))
}

#[test]
fn a_function_in_a_generic_one_is_one_function() {
    assert_eq!(outer(1) + &outer('x'), "11'x''x'");
    crate::check_entry("generics::outer::inner", "fn inner(text: &str) -> String");
}
