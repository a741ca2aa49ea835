//! Default methods of traits.

use std::fmt::Debug;

use hotpatch::hotpatch;

use crate::check_generic;

trait Animal: Debug {
    const LEGS: u32 = 4;

    fn sound(&self) -> String;

    #[hotpatch]
    fn twice(&self) -> String {
        format!("{0} {0}", self.sound())
    }

    #[hotpatch]
    fn legs(&self) -> u32 {
        Self::LEGS
    }

    #[hotpatch]
    fn kind() -> &'static str
    where
        Self: Sized,
    {
        std::any::type_name::<Self>().rsplit("::").next().unwrap()
    }

    #[hotpatch]
    fn pair(self) -> (Self, u32)
    where
        Self: Sized,
    {
        let legs = self.legs();
        (self, legs)
    }

    #[hotpatch]
    fn boxed(self: Box<Self>) -> String {
        format!("{self:?}")
    }
}

trait Named {
    fn name(&self) -> String;

    #[hotpatch]
    fn greet(&self, how: &str) -> String {
        format!("{how} {}", self.name())
    }
}

#[derive(Debug, PartialEq)]
struct Dog;

impl Animal for Dog {
    fn sound(&self) -> String {
        "woof".into()
    }
}

#[derive(Debug, PartialEq)]
struct Bird;

impl Animal for Bird {
    const LEGS: u32 = 2;

    fn sound(&self) -> String {
        "tweet".into()
    }

    #[hotpatch]
    fn twice(&self) -> String {
        "tweet tweet tweet".into()
    }
}

impl<T: Debug + ?Sized> Named for T {
    #[hotpatch]
    fn name(&self) -> String {
        format!("{self:?}")
    }
}

#[test]
fn default_methods() {
    assert_eq!((Dog.twice(), Dog.legs()), ("woof woof".into(), 4));
    assert_eq!((Bird.twice(), Bird.legs()), ("tweet tweet tweet".into(), 2));
    assert_eq!((Dog::kind(), Bird.pair()), ("Dog", (Bird, 2)));
    assert_eq!(Box::new(Dog).boxed(), "Dog");
    let named: [&dyn Named; 2] = [&Dog, &1];
    assert_eq!(named.map(|named| named.greet("hi")), ["hi Dog", "hi 1"]);
    check_generic("defaults::Named::greet", "fn greet(&self, how: &str) -> String");
    check_generic("defaults::<T as Named>::name", "fn name(&self) -> String");
    assert_eq!(str::greet("x", "hi"), "hi \"x\"");
}

trait Store<'a, K, V = u8, const N: usize = 2>: Iterator<Item = &'a K> + Sized
where
    K: PartialEq + 'a + ?Sized,
    V: From<u8>,
    Self::Item: Debug,
{
    fn value(&self) -> V;

    #[hotpatch]
    fn find(&mut self, key: &K) -> Option<Self::Item> {
        let mut left = N;
        self.find_map(|item| {
            left = left.checked_sub(1)?;
            (item == key).then_some(item)
        })
    }

    #[hotpatch]
    fn convert<T: From<V>>(&self, f: impl Fn(T) -> T) -> T {
        f(T::from(self.value()))
    }

    #[hotpatch]
    fn values(&self, n: usize) -> impl Iterator<Item = V> {
        let values: Vec<V> = (0..n).map(|_| self.value()).collect();
        values.into_iter()
    }
}

impl<'a> Store<'a, str> for std::str::Split<'a, char> {
    fn value(&self) -> u8 {
        7
    }
}

#[test]
fn default_methods_of_traits_with_parameters() {
    let mut words = "a b c".split(' ');
    assert_eq!(Store::find(&mut words, "b"), Some("b"));
    assert_eq!(words.convert::<u32>(|x| x + 1), 8);
    assert_eq!(words.values(3).count(), 3);
}
