//! `async fn` in all places.

use std::cell::RefCell;
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hotpatch::hotpatch;

use crate::{check_entry, check_generic};

/// Runs a future that never waits for anything but its next poll.
fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

async fn pause() {
    let mut paused = false;
    poll_fn(|_| {
        if std::mem::replace(&mut paused, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[hotpatch]
async fn double(n: &u32, _: &str) -> u32 {
    pause().await;
    n * 2
}

#[hotpatch]
async fn first<T: Display>(words: &[T], (at, _): (usize, u8)) -> Option<&T> {
    let word = words.get(at)?;
    pause().await;
    Some(word)
}

#[hotpatch]
async fn opaque(x: &u8, mut y: impl FnMut() -> u8) -> impl Display + '_ {
    let _ = y();
    pause().await;
    x
}

#[hotpatch]
async fn coerced(fail: bool) -> Result<Box<dyn Display>, Box<dyn std::error::Error>> {
    if fail {
        return Err("asked to".into());
    }
    let n: u8 = "12".parse()?;
    Ok(Box::new(n))
}

#[hotpatch]
async fn never() -> ! {
    panic!("never")
}

#[hotpatch]
async unsafe fn read(from: *const u8) -> u8 {
    // SAFETY: promised by the caller.
    unsafe { *from }
}

#[hotpatch]
async fn recursive(n: u32) -> u32 {
    if n == 0 {
        0
    } else {
        1 + Box::pin(recursive(n - 1)).await
    }
}

#[test]
fn free_functions() {
    assert_eq!(run(is_send(double(&4, "x"))), 8);
    assert_eq!(run(first(&["a", "b"], (1, 0))), Some(&"b"));
    assert_eq!(run(opaque(&1, || 2)).to_string(), "1");
    assert_eq!(run(coerced(false)).unwrap().to_string(), "12");
    assert_eq!(run(coerced(true)).err().unwrap().to_string(), "asked to");
    // SAFETY: a reference is valid.
    assert_eq!(run(unsafe { read(&3) }), 3);
    assert_eq!(run(is_send(recursive(3))), 3);
    drop(never());
    check_entry("futures::double", "async fn double(n: &u32, _: &str) -> u32");
}

struct Client<T> {
    name: String,
    value: T,
}

impl Client<u8> {
    #[hotpatch]
    async fn fetch(&mut self, by: u8) -> (&str, u8) {
        pause().await;
        self.value += by;
        (&self.name, self.value)
    }

    #[hotpatch]
    async fn into_name(mut self: Box<Self>) -> String {
        self.name.push('!');
        pause().await;
        self.name
    }
}

impl<T: Clone> Client<T> {
    #[hotpatch]
    async fn new(name: &str, value: T) -> Self {
        let name = name.to_owned();
        Self { name, value }
    }

    #[hotpatch]
    async fn map<U>(&self, f: impl AsyncFn(T) -> U) -> U {
        f(self.value.clone()).await
    }
}

#[test]
fn methods() {
    let mut client = run(is_send(Client::new("c", 1_u8)));
    assert_eq!(run(is_send(client.fetch(2))), ("c", 3));
    assert_eq!(run(client.map(async |x| x + 1)), 4);
    assert_eq!(run(Box::new(client).into_name()), "c!");
    check_generic(
        "futures::Client<T>::new",
        "async fn new(name: &str, value: T) -> Self",
    );
}

trait Repo {
    type Item: Display;

    fn all(&self) -> impl Iterator<Item = Self::Item>;
    async fn one(&self, at: usize) -> Option<Self::Item>;

    #[hotpatch]
    async fn show(&self, at: usize) -> String {
        pause().await;
        match self.one(at).await {
            Some(item) => item.to_string(),
            None => String::new(),
        }
    }
}

impl<T: Display + Copy> Repo for Vec<T> {
    type Item = T;

    #[hotpatch]
    fn all(&self) -> impl Iterator<Item = Self::Item> {
        self.iter().copied()
    }

    #[hotpatch]
    async fn one(&self, at: usize) -> Option<Self::Item> {
        pause().await;
        self.all().nth(at)
    }
}

impl Repo for str {
    type Item = char;

    #[hotpatch]
    fn all(&self) -> impl Iterator<Item = char> {
        self.chars()
    }

    #[hotpatch]
    async fn one(&self, at: usize) -> Option<char> {
        self.all().nth(at)
    }
}

#[test]
fn methods_of_traits() {
    assert_eq!(run(is_send("abc".one(1))), Some('b'));
    assert_eq!(run(is_send("abc".show(2))), "c");
    assert_eq!(run(is_send(vec![1, 2].show(1))), "2");
}

struct Logged(&'static str, Rc<RefCell<String>>);

impl Drop for Logged {
    fn drop(&mut self) {
        self.1.borrow_mut().push_str(self.0);
    }
}

impl Logged {
    fn new(name: &'static str, log: &Rc<RefCell<String>>) -> Self {
        Self(name, Rc::clone(log))
    }
}

macro_rules! consume {
    ($name:ident, $(#[$attr:meta])*) => {
        $(#[$attr])*
        async fn $name(_: Logged, (_b, _): (Logged, Logged), c: Logged, _d: Logged) {
            let _e = Logged("e", Rc::clone(&c.1));
            pause().await;
            drop(c);
        }
    };
}

consume!(plain,);
consume!(hot, #[hotpatch]);

#[test]
fn arguments_are_dropped_as_without_the_attribute() {
    fn check<F: Future<Output = ()>>(
        f: impl Fn(Logged, (Logged, Logged), Logged, Logged) -> F,
    ) -> [String; 3] {
        [0, 1, 2].map(|polls| {
            let log = Rc::default();
            let new = |name| Logged::new(name, &log);
            let mut future = Box::pin(f(new("a"), (new("b"), new("x")), new("c"), new("d")));
            for _ in 0..polls {
                let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                log.borrow_mut().push('|');
            }
            drop(future);
            log.take()
        })
    }
    assert_eq!(check(plain), check(hot));
}

trait Spawn {
    fn spawn(&self) -> Pin<Box<dyn Future<Output = u8> + Send + '_>>;
}

impl Spawn for u8 {
    #[hotpatch]
    fn spawn(&self) -> Pin<Box<dyn Future<Output = u8> + Send + '_>> {
        Box::pin(async move {
            pause().await;
            *self
        })
    }
}

#[test]
fn boxed_futures() {
    let spawn: &dyn Spawn = &3;
    assert_eq!(run(spawn.spawn()), 3);
}
