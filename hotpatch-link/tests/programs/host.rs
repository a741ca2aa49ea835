use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

macro_rules! hot {
    ($entry:ident $types:ident $body:ident fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty $code:block) => {
        #[inline(never)]
        fn $name($($arg: $ty),*) -> $ret {
            #[inline(never)]
            fn $body($($arg: $ty),*) -> $ret $code
            #[used]
            static $entry: hotpatch_abi::entry::Entry = hotpatch_abi::entry::Entry::new(stringify!($name), "",
                Some(hotpatch_abi::entry::Body($body as *const ())));
            #[used]
            static $types: hotpatch_abi::entry::TypesOf = hotpatch_abi::entry::types_of($body as fn($($ty),*) -> $ret);
            loader::live(&$entry, $body as fn($($ty),*) -> $ret)($($arg),*)
        }
    };
}

static COUNT: AtomicU32 = AtomicU32::new(100);
static CALLS: AtomicU32 = AtomicU32::new(0);
static SEEN: LazyLock<Mutex<HashMap<u32, String>>> = LazyLock::new(Default::default);
static NAMES: [&str; 3] = ["zero", "one", "two"];
static mut RAW: [u32; 4] = [1, 2, 3, 4];
static ADDRESS: &AtomicU32 = &COUNT;
thread_local! {
    static CONST_LOCAL: Cell<u32> = const { Cell::new(7) };
    static LAZY_LOCAL: RefCell<Vec<u32>> = RefCell::new(vec![1]);
}

trait Shape {
    fn area(&self) -> f64;
}
struct Square(f64);
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}
struct Loud(&'static str);
impl Drop for Loud {
    fn drop(&mut self) {
        println!("drop {}", self.0);
    }
}

hot! { __HOTPATCH_ENTRY_0000000000000001 __HOTPATCH_TYPES_0000000000000001 __hotpatch_body_0000000000000001
fn step(n: u32) -> String {
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    SEEN.lock().unwrap().insert(n, format!("step {n}"));
    CONST_LOCAL.set(CONST_LOCAL.get() + 1);
    LAZY_LOCAL.with_borrow_mut(|list| list.push(n));
    calls().fetch_add(1, Ordering::Relaxed);
    unsafe { RAW[n as usize & 3] += 1 };
    let shape: Box<dyn Shape> = Box::new(Square(f64::from(n)));
    /*edit*/
    format!("A {count} {} {} {} {} {} {} {}", SEEN.lock().unwrap().len(), CONST_LOCAL.get(),
        LAZY_LOCAL.with_borrow(|list| list.len()), unsafe { RAW[n as usize & 3] }, NAMES[n as usize % 3],
        shape.area(), helper(n))
}
}

// The same code for a static of any type.
#[inline(never)]
fn calls() -> &'static AtomicU32 {
    &CALLS
}

#[inline(never)]
fn helper(n: u32) -> u32 {
    match n {
        0 => 10,
        1 => 21,
        2 => 32,
        3 => 47,
        4 => 58,
        _ => n * 3 /*helper*/,
    }
}

hot! { __HOTPATCH_ENTRY_0000000000000002 __HOTPATCH_TYPES_0000000000000002 __hotpatch_body_0000000000000002
fn other(n: u32) -> String {
    let _loud = Loud("other");
    if n == 4 {
        panic!("other panics");
    }
    let any: Box<dyn Any> = Box::new([n].map(|n| n /*closure*/)[0]);
    format!("other {:?} {}", any.downcast_ref::<u32>(), step(n))
}
}

pub struct Wrapped<T = u32>(T);
type Number = u32;

// Optimised builds make one function of these two.
hot! { __HOTPATCH_ENTRY_0000000000000003 __HOTPATCH_TYPES_0000000000000003 __hotpatch_body_0000000000000003
fn wrapped(n: Wrapped) -> u32 { n.0 as u32 }
}

hot! { __HOTPATCH_ENTRY_0000000000000004 __HOTPATCH_TYPES_0000000000000004 __hotpatch_body_0000000000000004
fn number(n: Number) -> u32 { n as u32 }
}

fn main() {
    std::panic::set_hook(Box::new(|info| println!("panic {} line {}", info, info.location().unwrap().line())));
    let mut n = 0;
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        match line.split_once(' ') {
            Some(("patch", path)) => {
                loader::apply(path);
                println!("patched");
            }
            Some(("back", to)) => {
                loader::roll_back(to.parse().unwrap());
                println!("back");
            }
            _ => {
                if n == 1000 {
                    println!("{} {}", wrapped(Wrapped(1)), number(1 as _));
                }
                println!("{} | {}", step(n), std::panic::catch_unwind(|| other(n)).unwrap_or("caught".into()));
                n += 1;
            }
        }
    }
    println!("end {} {}", COUNT.load(Ordering::Relaxed), ADDRESS.load(Ordering::Relaxed));
}
