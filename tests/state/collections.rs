//! Types inside of collections, boxes, locks and tuples, generic types, types that contain themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, RwLock};

use hotpatch::{Migrate, migrate_up};

use crate::refused;

#[derive(Migrate, Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[migrate(name = "Item")]
struct Old {
    id: u8,
    text: String,
}

#[derive(Migrate, Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[migrate(name = "Item")]
struct New {
    text: String,
    id: u8,
    price: u64,
}

fn old(id: u8) -> Old {
    Old {
        id,
        text: format!("item {id}"),
    }
}

fn new(id: u8) -> New {
    New {
        text: format!("item {id}"),
        id,
        price: 0,
    }
}

/// A value around items, migrated to the same around new ones.
fn check<A: Migrate, B: Migrate + PartialEq + std::fmt::Debug>(before: A, after: B) {
    assert_eq!(migrate_up::<A, B>(before).unwrap(), after);
}

#[test]
fn collections_are_made_anew_item_by_item() {
    check(
        (0..20).map(old).collect::<Vec<_>>(),
        (0..20).map(new).collect::<Vec<_>>(),
    );
    check(
        (0..20).map(old).collect::<VecDeque<_>>(),
        (0..20).map(new).collect::<VecDeque<_>>(),
    );
    check(
        (0..20).map(old).collect::<BTreeSet<_>>(),
        (0..20).map(new).collect::<BTreeSet<_>>(),
    );
    check(
        (0..20).map(old).collect::<HashSet<_>>(),
        (0..20).map(new).collect::<HashSet<_>>(),
    );
    let keyed = |id: u8| (format!("key {id}"), id);
    check(
        (0..20)
            .map(|id| (keyed(id).0, old(id)))
            .collect::<HashMap<_, _>>(),
        (0..20)
            .map(|id| (keyed(id).0, new(id)))
            .collect::<HashMap<_, _>>(),
    );
    check(
        (0..20)
            .map(|id| (old(id), vec![old(id)]))
            .collect::<BTreeMap<_, _>>(),
        (0..20)
            .map(|id| (new(id), vec![new(id)]))
            .collect::<BTreeMap<_, _>>(),
    );
    check(Vec::<Old>::new(), Vec::<New>::new());
    check([old(1), old(2)], [new(1), new(2)]);
}

#[test]
fn what_surrounds_one_value_is_made_anew_around_it() {
    check(Some(old(1)), Some(new(1)));
    check(None::<Old>, None::<New>);
    check(Box::new(old(1)), Box::new(new(1)));
    check((old(1), 5_u8, "x".to_owned()), (new(1), 5_u8, "x".to_owned()));
    check(Ok::<_, String>(old(1)), Ok::<_, String>(new(1)));
    check(Err::<u8, _>(old(1)), Err::<u8, _>(new(1)));
    check(std::cell::RefCell::new(old(1)), std::cell::RefCell::new(new(1)));
    let mutex: Mutex<New> = migrate_up(Mutex::new(old(1))).unwrap();
    assert_eq!(mutex.into_inner().unwrap(), new(1));
    let lock: RwLock<New> = migrate_up(RwLock::new(old(1))).unwrap();
    assert_eq!(lock.into_inner().unwrap(), new(1));
}

#[test]
fn what_is_shared_stays_or_is_refused() {
    let shared = Arc::new("x".to_owned());
    let new: (Arc<String>, New) = migrate_up((shared.clone(), old(1))).unwrap();
    assert!(Arc::ptr_eq(&new.0, &shared));
    let reason = refused::<_, Arc<New>>(Arc::new(old(1)));
    assert!(reason.contains("behind an `Arc`"), "{reason}");
}

#[test]
fn the_way_to_the_part_is_told() {
    #[derive(Migrate)]
    #[migrate(name = "Item")]
    struct Other {
        id: u64,
    }
    #[derive(Migrate)]
    struct Before {
        shelves: Vec<Vec<Old>>,
    }
    #[derive(Migrate)]
    struct After {
        shelves: Vec<Vec<Other>>,
    }
    let reason = refused::<_, After>(Before {
        shelves: vec![vec![], vec![old(1)]],
    });
    assert!(
        reason.starts_with("`shelves[1][0].id`: the type changed from `u8` to `u64`"),
        "{reason}"
    );
}

#[test]
fn generic_types_and_types_that_contain_themselves() {
    #[derive(Migrate, Debug, PartialEq)]
    #[migrate(name = "Node")]
    struct OldNode<T> {
        value: T,
        next: Option<Box<OldNode<T>>>,
    }
    #[derive(Migrate, Debug, PartialEq)]
    #[migrate(name = "Node")]
    struct NewNode<T> {
        next: Option<Box<NewNode<T>>>,
        depth: u32,
        value: T,
    }
    let before = OldNode {
        value: old(1),
        next: Some(Box::new(OldNode {
            value: old(2),
            next: None,
        })),
    };
    let after = NewNode {
        value: new(1),
        depth: 0,
        next: Some(Box::new(NewNode {
            value: new(2),
            depth: 0,
            next: None,
        })),
    };
    check(before, after);
}

#[test]
fn trait_objects_and_unknown_types_move_as_they_are() {
    struct Unknown(u8);
    trait Shape: Send {
        fn area(&self) -> u32;
    }
    impl Shape for Unknown {
        fn area(&self) -> u32 {
            self.0.into()
        }
    }
    #[derive(Migrate)]
    struct Before {
        shape: Box<dyn Shape>,
        unknown: Unknown,
    }
    #[derive(Migrate)]
    struct After {
        new: u64,
        unknown: Unknown,
        shape: Box<dyn Shape>,
    }
    let after: After = migrate_up(Before {
        shape: Box::new(Unknown(3)),
        unknown: Unknown(4),
    })
    .unwrap();
    assert_eq!((after.new, after.unknown.0, after.shape.area()), (0, 4, 3));
}
