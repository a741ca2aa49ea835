//! A commit that makes many values anew, which are taken apart in different ways.

#[allow(unused_macros, reason = "no function is hot here")]
mod support;

use std::sync::atomic::{AtomicIsize, Ordering};

use hotpatch_abi::manifest::PublishedInstance;
use hotpatch_macros::Migrate;
use hotpatch_runtime::{State, apply, rollback};

use support::{alone, folder};

use hotpatch_runtime::state::generated as __state1;

static ALIVE: AtomicIsize = AtomicIsize::new(0);

/// Is counted, and knows its number.
#[derive(Debug, PartialEq, Migrate)]
#[migrate(crate = self)]
struct Counted(Box<usize>);

impl Counted {
    fn new(number: usize) -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self(Box::new(number))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The types as built.
mod before {
    use super::Counted;

    #[derive(hotpatch_macros::Migrate)]
    #[migrate(crate = super, name = "Value", down)]
    pub(super) struct Value {
        pub(super) first: Counted,
        pub(super) shape: Shape,
        pub(super) items: Vec<Item>,
    }

    #[derive(hotpatch_macros::Migrate)]
    #[migrate(crate = super, name = "Shape", down)]
    pub(super) enum Shape {
        Nothing,
        Counted(Counted),
        Two { a: Counted, b: Counted },
    }

    #[derive(hotpatch_macros::Migrate)]
    #[migrate(crate = super, name = "Item", down)]
    pub(super) struct Item {
        pub(super) counted: Counted,
        pub(super) number: u8,
    }
}

/// The types of a patch.
mod after {
    use super::Counted;

    #[derive(hotpatch_macros::Migrate)]
    #[migrate(crate = super, name = "Value", down)]
    pub(super) struct Value {
        pub(super) items: Vec<Item>,
        pub(super) shape: Shape,
        pub(super) first: Counted,
        pub(super) more: u64,
    }

    #[derive(hotpatch_macros::Migrate)]
    #[migrate(crate = super, name = "Shape", down)]
    pub(super) enum Shape {
        Two { b: Counted, a: Counted },
        Counted(Counted, u16),
        Nothing,
    }

    #[derive(hotpatch_macros::Migrate)]
    #[migrate(crate = super, name = "Item", down)]
    pub(super) struct Item {
        pub(super) number: u8,
        pub(super) more: u32,
        pub(super) counted: Counted,
    }
}

const VALUES: usize = 600;

/// Values of three variants, with up to four items; neighbours are alike or not.
fn value(index: usize) -> before::Value {
    let number = |part| Counted::new(10 * index + part);
    before::Value {
        first: number(0),
        shape: match index / 2 % 3 {
            0 => before::Shape::Nothing,
            1 => before::Shape::Counted(number(1)),
            _ => before::Shape::Two {
                a: number(2),
                b: number(3),
            },
        },
        items: (0..index % 5)
            .map(|item| before::Item {
                counted: number(4 + item),
                number: item as u8,
            })
            .collect(),
    }
}

/// The numbers in a value, in the order of the type as built.
macro_rules! numbers {
    ($types:ident, $value:expr) => {{
        let value: &$types::Value = $value;
        let mut numbers = vec![*value.first.0];
        match &value.shape {
            $types::Shape::Nothing => {}
            $types::Shape::Counted(counted, ..) => numbers.push(*counted.0),
            $types::Shape::Two { a, b } => numbers.extend([*a.0, *b.0]),
        }
        for (index, item) in value.items.iter().enumerate() {
            assert_eq!(usize::from(item.number), index);
            numbers.push(*item.counted.0);
        }
        numbers
    }};
}

#[test]
fn every_part_of_every_value_moves_once() {
    let (_alone, folder) = (alone(), folder());
    let values: Vec<State<before::Value>> = (0..VALUES).map(|index| State::new(value(index))).collect();
    let expected: Vec<Vec<usize>> = (0..VALUES).map(|index| numbers!(before, &value(index))).collect();
    let alive = ALIVE.load(Ordering::Relaxed);
    assert_eq!(alive as usize, expected.iter().flatten().count());

    let dylib = support::compile("unsigned long unused(void) { return 0; }\n");
    let mut manifest = dylib.manifest(&[]);
    manifest.instances = vec![PublishedInstance {
        built: support::base(hotpatch_runtime::state::describer::<before::Value>() as usize),
        body: support::base(hotpatch_runtime::state::describer::<after::Value>() as usize),
        path: "State<Value>".into(),
    }];
    let path = folder.path().join("1.so");
    dylib.seal(&path, &manifest);

    for _ in 0..2 {
        let migrated = apply(&path).unwrap().migrated;
        assert_eq!((migrated.len(), migrated[0].values), (1, VALUES));
        for (value, expected) in values.iter().zip(&expected) {
            // SAFETY: a handle is the same whatever it leads to, and that is what the patch says now.
            let value = unsafe { &*std::ptr::from_ref(value).cast::<State<after::Value>>() };
            value.with(|value| {
                assert_eq!(&numbers!(after, value), expected);
                assert!(value.items.iter().all(|item| item.more == 0) && value.more == 0);
            });
        }
        assert_eq!(rollback(0).unwrap().migrated[0].values, VALUES);
        for (value, expected) in values.iter().zip(&expected) {
            value.with(|value| assert_eq!(&numbers!(before, value), expected));
        }
        assert_eq!(ALIVE.load(Ordering::Relaxed), alive);
    }
    drop(values);
    assert_eq!(ALIVE.load(Ordering::Relaxed), 0);
}
