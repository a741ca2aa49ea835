//! Everything is dropped once, whether a migration succeeds or fails.

use std::collections::HashMap;
use std::sync::Arc;

use hotpatch::{Down, Migrate, Old, migrate_down, migrate_up};

/// As many owners as there are copies of it that will be dropped.
type Counted = Arc<String>;

#[derive(Migrate)]
#[migrate(name = "Part")]
struct OldPart {
    kept: Counted,
    gone: Counted,
}

#[derive(Migrate)]
#[migrate(name = "Part")]
struct NewPart {
    kept: Counted,
    new: u8,
}

#[derive(Migrate)]
#[migrate(name = "Part")]
struct Unwilling {
    kept: Counted,
    #[migrate(with = never)]
    new: u8,
}

fn never(_: &Old<'_>) -> Result<u8, &'static str> {
    Err("never")
}

#[derive(Migrate)]
struct Whole<P: Migrate> {
    parts: Vec<P>,
    by_name: HashMap<u8, P>,
    boxed: Option<Box<P>>,
    tuple: (P, Counted),
}

fn part(count: &Counted) -> OldPart {
    OldPart {
        kept: count.clone(),
        gone: count.clone(),
    }
}

fn whole(count: &Counted) -> Whole<OldPart> {
    Whole {
        parts: (0..3).map(|_| part(count)).collect(),
        by_name: (0..4).map(|id| (id, part(count))).collect(),
        boxed: Some(Box::new(part(count))),
        tuple: (part(count), count.clone()),
    }
}

const PARTS: usize = 3 + 4 + 1 + 1;

#[test]
fn what_moved_lives_on_and_the_rest_is_dropped() {
    let count = Counted::default();
    let before = whole(&count);
    assert_eq!(Arc::strong_count(&count), 1 + 2 * PARTS + 1);
    let after: Whole<NewPart> = migrate_up(before).unwrap();
    assert_eq!(Arc::strong_count(&count), 1 + PARTS + 1);
    assert_eq!(after.parts.iter().map(|part| part.new).sum::<u8>(), 0);
    assert!(after.by_name.values().all(|part| Arc::ptr_eq(&part.kept, &count)));
    assert!(after.boxed.is_some() && Arc::ptr_eq(&after.tuple.1, &count));
    drop(after);
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn a_failure_leaves_the_old_value_whole() {
    let count = Counted::default();
    let failure = migrate_up::<_, Whole<Unwilling>>(whole(&count)).err().unwrap();
    assert_eq!(failure.to_string(), "`parts[0].new`: never");
    assert_eq!(
        Arc::strong_count(&count),
        1,
        "the old value was dropped as a whole"
    );
}

#[test]
fn what_a_way_down_gives_and_nobody_takes_is_dropped() {
    #[derive(Migrate)]
    #[migrate(name = "Part", down = Down2::down)]
    struct Down2 {
        kept: Counted,
    }
    impl Down2 {
        fn down(&self, part: &mut Down) -> Result<(), String> {
            part.set("gone", self.kept.clone());
            part.set("never", self.kept.clone());
            Ok(())
        }
    }
    let count = Counted::default();
    let before: OldPart = migrate_down(Down2 { kept: count.clone() }).unwrap();
    assert!(Arc::ptr_eq(&before.gone, &count) && Arc::ptr_eq(&before.kept, &count));
    assert_eq!(Arc::strong_count(&count), 3);
    drop(before);
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn a_value_that_a_function_made_leaves_all_of_the_old_one() {
    fn made(old: &Old<'_>) -> Result<Made, hotpatch::Failure> {
        Ok(Made {
            kept: old.get::<Counted>("kept")?.clone(),
        })
    }
    #[derive(Migrate)]
    #[migrate(with = made)]
    struct Made {
        kept: Counted,
    }
    let count = Counted::default();
    let after: Made = migrate_up(part(&count)).unwrap();
    assert_eq!(Arc::strong_count(&after.kept), 2);
}
