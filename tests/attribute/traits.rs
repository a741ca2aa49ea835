//! Methods in the impls of traits.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::ops::{Add, Deref, DerefMut, Index, IndexMut};
use std::pin::Pin;
use std::rc::Rc;
use std::str::FromStr;
use std::task::{Context, Poll, Waker};

use hotpatch::hotpatch;

use crate::check_entry;

trait Shape {
    const CORNERS: u32;
    type Size: Display + From<u8>;

    fn area(&self) -> u32;
    fn name() -> &'static str
    where
        Self: Sized;
    fn size(&self, scale: Self::Size) -> Option<Self::Size>;
    fn grow(&mut self, by: u32) -> &mut Self
    where
        Self: Sized;
    fn merge(self, other: Self) -> Self
    where
        Self: Sized;
    fn boxed(self: Box<Self>) -> u32;
    fn corners(&self) -> u32 {
        Self::CORNERS
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Square(u32);

impl Shape for Square {
    const CORNERS: u32 = 4;
    type Size = u16;

    #[hotpatch]
    fn area(&self) -> u32 {
        self.0 * self.0 * Self::CORNERS / self.corners()
    }

    #[hotpatch]
    fn name() -> &'static str {
        "square"
    }

    #[hotpatch]
    fn size(&self, scale: Self::Size) -> Option<Self::Size> {
        let own: Self::Size = self.0.try_into().ok()?;
        Some(own * scale)
    }

    #[hotpatch]
    fn grow(&mut self, by: u32) -> &mut Self {
        self.0 += by;
        self
    }

    #[hotpatch]
    fn merge(mut self, Self(other): Self) -> Self {
        self.0 += other;
        self
    }

    #[hotpatch]
    fn boxed(self: Box<Self>) -> u32 {
        self.0
    }
}

fn total<T: Shape>(shapes: &[T]) -> u32 {
    shapes.iter().map(T::area).sum()
}

#[test]
fn methods_of_a_trait() {
    let mut square = Square(2);
    assert_eq!(square.grow(1).area(), 9);
    assert_eq!((Square::name(), square.size(3)), ("square", Some(9)));
    assert_eq!(square.clone().merge(Square(1)), Square(4));
    assert_eq!(Box::new(square.clone()).boxed(), 3);
    assert_eq!(total(&[square, Square(1)]), 10);
    check_entry("traits::<Square as Shape>::area", "fn area(&self) -> u32");
    check_entry(
        "traits::<Square as Shape>::merge",
        "fn merge(mut self, Self(other): Self) -> Self",
    );
}

trait Draw: Debug {
    fn draw(&self, into: &mut String);
    fn twice(&self) -> String {
        let mut text = String::new();
        self.draw(&mut text);
        self.draw(&mut text);
        text
    }
}

impl Draw for Square {
    #[hotpatch]
    fn draw(&self, into: &mut String) {
        into.push_str(&format!("{self:?}"));
    }
}

impl Draw for str {
    #[hotpatch]
    fn draw(&self, into: &mut String) {
        into.push_str(self);
    }
}

impl Draw for [u8] {
    #[hotpatch]
    fn draw(&self, into: &mut String) {
        into.push_str(&self.len().to_string());
    }
}

impl PartialEq for dyn Draw + '_ {
    #[hotpatch]
    fn eq(&self, other: &Self) -> bool {
        self.twice() == other.twice()
    }
}

impl Draw for &dyn Draw {
    #[hotpatch]
    fn draw(&self, into: &mut String) {
        (**self).draw(into);
    }
}

#[test]
fn through_dyn_and_on_types_without_a_size() {
    let drawn: [&dyn Draw; 2] = [&Square(1), &Square(2)];
    assert_eq!(
        drawn.map(Draw::twice).concat(),
        "Square(1)Square(1)Square(2)Square(2)"
    );
    assert_eq!("ab".twice() + &[1_u8, 2][..].twice(), "abab22");
    assert!(drawn[0] == drawn[0] && drawn[0] != drawn[1]);
    assert_eq!(Draw::twice(&drawn[0]), "Square(1)Square(1)");
    check_entry("traits::<str as Draw>::draw", "fn draw(&self, into: &mut String)");
}

struct Words<'text>(&'text str);

impl<'text> Iterator for Words<'text> {
    type Item = &'text str;

    #[hotpatch]
    fn next(&mut self) -> Option<Self::Item> {
        let (word, rest) = self.0.split_once(' ')?;
        self.0 = rest;
        Some(word)
    }
}

impl Add<&'_ Square> for &Square {
    type Output = Square;

    #[hotpatch]
    fn add(self, other: &Square) -> Self::Output {
        Square(self.0 + other.0)
    }
}

impl Add for Square {
    type Output = Self;

    #[hotpatch]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

struct Table {
    cells: Vec<u8>,
    drops: Rc<Cell<u32>>,
}

impl Index<usize> for Table {
    type Output = u8;

    #[hotpatch]
    fn index(&self, at: usize) -> &Self::Output {
        &self.cells[at]
    }
}

impl IndexMut<usize> for Table {
    #[hotpatch]
    fn index_mut(&mut self, at: usize) -> &mut u8 {
        &mut self.cells[at]
    }
}

impl Drop for Table {
    #[hotpatch]
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
    }
}

impl Deref for Table {
    type Target = [u8];

    #[hotpatch]
    fn deref(&self) -> &[u8] {
        &self.cells
    }
}

impl DerefMut for Table {
    #[hotpatch]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.cells
    }
}

impl Extend<u8> for Table {
    #[hotpatch]
    fn extend<I: IntoIterator<Item = u8>>(&mut self, cells: I) {
        self.cells.extend(cells);
    }
}

impl Display for Table {
    #[hotpatch]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cells.iter().try_for_each(|cell| write!(f, "{cell},"))
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Id(u8);

impl Hash for Id {
    #[hotpatch]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.0);
    }
}

impl From<u8> for Id {
    #[hotpatch]
    fn from(id: u8) -> Self {
        Id(id)
    }
}

impl FromStr for Id {
    type Err = <u8 as FromStr>::Err;

    #[hotpatch]
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Default for Id {
    #[hotpatch]
    fn default() -> Self {
        Self(9)
    }
}

struct Countdown(u8);

impl Future for Countdown {
    type Output = &'static str;

    #[hotpatch]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        context.waker().wake_by_ref();
        match self.0 {
            0 => Poll::Ready("zero"),
            _ => {
                self.0 -= 1;
                Poll::Pending
            }
        }
    }
}

#[test]
fn traits_of_the_standard_library() {
    assert_eq!(Words("a b c ").collect::<String>(), "abc");
    assert_eq!(
        (&Square(1) + &Square(2), Square(1) + Square(1)),
        (Square(3), Square(2))
    );
    let drops = Rc::new(Cell::new(0));
    let cells = vec![1, 2];
    let mut table = Table {
        cells,
        drops: Rc::clone(&drops),
    };
    table[0] += table[1];
    table.extend([7]);
    table.reverse();
    assert_eq!((table.to_string(), table.len()), ("7,2,3,".into(), 3));
    drop(table);
    assert_eq!(drops.get(), 1);
    let ids = HashMap::from([(Id::from(1), 1), ("2".parse().unwrap(), 2), (Id::default(), 3)]);
    assert_eq!((ids[&Id(2)], ids[&Id(9)]), (2, 3));
    let mut countdown = Countdown(1);
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut countdown).poll(&mut context).is_pending());
    assert_eq!(Pin::new(&mut countdown).poll(&mut context), Poll::Ready("zero"));
}

trait Visitor<'tree, T: ?Sized, const N: usize>
where
    T: Debug,
{
    type Found;

    fn visit(&mut self, node: &'tree T) -> [Self::Found; N];
    fn items(&self) -> impl Iterator<Item = u8> + use<'_, 'tree, Self, T, N>;
    fn apply<F>(&self, f: F) -> u8
    where
        F: for<'a> Fn(&'a u8) -> &'a u8;
    fn any(&self, f: impl Fn(u8) -> u8) -> u8;
    /// # Safety
    ///
    /// None.
    unsafe extern "C" fn raw(&self, x: u8) -> u8;
}

struct Walker<'seen, T: ?Sized> {
    seen: Vec<&'seen T>,
    items: Vec<u8>,
}

impl<'tree, T> Visitor<'tree, T, 1> for Walker<'tree, T>
where
    T: Debug + ?Sized,
{
    type Found = &'tree T;

    #[hotpatch]
    fn visit(&mut self, node: &'tree T) -> [Self::Found; 1] {
        self.seen.push(node);
        [self.seen[0]]
    }

    #[hotpatch]
    fn items(&self) -> impl Iterator<Item = u8> + use<'_, 'tree, T> {
        self.items.iter().copied()
    }

    #[hotpatch]
    fn apply<F>(&self, f: F) -> u8
    where
        F: for<'a> Fn(&'a u8) -> &'a u8,
    {
        *f(&self.items[0])
    }

    #[hotpatch]
    fn any(&self, f: impl Fn(u8) -> u8) -> u8 {
        f(1)
    }

    #[hotpatch]
    unsafe extern "C" fn raw(&self, x: u8) -> u8 {
        x + 1
    }
}

impl Visitor<'_, str, 2> for Words<'_> {
    type Found = usize;

    #[hotpatch]
    fn visit(&mut self, node: &str) -> [Self::Found; 2] {
        assert!(!node.is_empty());
        [self.0.len(), node.len()]
    }

    #[hotpatch]
    #[allow(refining_impl_trait)]
    fn items(&self) -> std::str::Bytes<'_> {
        self.0.bytes()
    }

    #[hotpatch]
    fn apply<F: for<'a> Fn(&'a u8) -> &'a u8>(&self, f: F) -> u8 {
        *f(&1)
    }

    #[hotpatch]
    fn any(&self, f: impl Fn(u8) -> u8) -> u8 {
        f(2)
    }

    #[hotpatch]
    unsafe extern "C" fn raw(&self, x: u8) -> u8 {
        x + 2
    }
}

#[test]
fn parameters_of_traits_impls_and_methods() {
    let (seen, items) = (Vec::new(), vec![5, 6]);
    let mut walker = Walker { seen, items };
    assert_eq!(walker.visit("a"), ["a"]);
    assert_eq!(walker.items().sum::<u8>(), 11);
    assert_eq!((walker.apply(|x| x), walker.any(|x| x * 3)), (5, 3));
    let mut words = Words("x");
    assert_eq!((words.visit("bb"), words.items().next()), ([1, 2], Some(b'x')));
    assert_eq!((words.apply(|x| x), words.any(|x| x * 3)), (1, 6));
    // SAFETY: there is nothing to promise.
    assert_eq!(unsafe { (walker.raw(1), words.raw(1)) }, (2, 3));
}

trait Lend {
    type Lent<'a>
    where
        Self: 'a;

    fn lend(&mut self) -> Self::Lent<'_>;
}

impl Lend for Id {
    type Lent<'a> = &'a mut u8;

    #[hotpatch]
    fn lend(&mut self) -> Self::Lent<'_> {
        &mut self.0
    }
}

trait Keyed: Iterator
where
    Self::Item: Debug,
{
    fn key(&mut self) -> String;
}

impl Keyed for Words<'_> {
    #[hotpatch]
    fn key(&mut self) -> String {
        format!("{:?}", self.next())
    }
}

/// # Safety
///
/// None.
unsafe trait Zero {
    fn zero() -> Self;
}

// SAFETY: there is nothing to promise.
unsafe impl<T: Default> Zero for (T, T) {
    #[hotpatch]
    fn zero() -> Self {
        (T::default(), T::default())
    }
}

#[test]
fn traits_that_ask_for_more() {
    *Id(1).lend() += 1;
    assert_eq!(Words("a b").key(), "Some(\"a\")");
    assert_eq!(<(u8, u8)>::zero(), (0, 0));
}
