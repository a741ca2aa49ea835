//! Fields: kept, new, gone, changed.

use std::collections::HashMap;

use hotpatch::{Migrate, Old, State, migrate_up};

use crate::refused;

#[derive(Migrate, Debug, PartialEq)]
struct First {
    name: String,
    hp: u16,
    gone: Vec<u8>,
}

fn first() -> First {
    First {
        name: "Ada".into(),
        hp: 7,
        gone: vec![1, 2],
    }
}

#[test]
fn fields_that_kept_name_and_type_move_and_new_ones_have_their_defaults() {
    #[derive(Migrate, Debug, PartialEq)]
    struct Second {
        level: u64,
        hp: u16,
        tags: HashMap<String, u8>,
        name: String,
    }
    let old = first();
    let letters = old.name.as_ptr();
    let new: Second = migrate_up(old).unwrap();
    assert_eq!(new.name.as_ptr(), letters, "the string itself has moved");
    let expected = Second {
        level: 0,
        hp: 7,
        tags: HashMap::new(),
        name: "Ada".into(),
    };
    assert_eq!(new, expected);
}

#[test]
fn a_new_field_without_a_default_needs_a_word() {
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Side {
        Left,
    }
    #[derive(Migrate)]
    struct Silent {
        side: Side,
    }
    let reason = refused::<First, Silent>(first());
    assert!(reason.starts_with("`side`: the field is new, and `"), "{reason}");
    assert!(reason.contains("`#[migrate(default = ..)]`"), "{reason}");

    #[derive(Migrate)]
    struct Said {
        #[migrate(default = Side::Left)]
        side: Side,
    }
    assert_eq!(migrate_up::<_, Said>(first()).unwrap().side, Side::Left);
}

#[test]
fn a_field_of_another_type_is_never_taken_for_a_new_one() {
    #[derive(Migrate, Debug)]
    struct Wider {
        hp: u32,
    }
    let reason = refused::<First, Wider>(first());
    assert_eq!(
        reason,
        "`hp`: the type changed from `u16` to `u32`; say how with `#[migrate(with = ..)]`, or restart the program"
    );

    fn widened(old: &Old<'_>) -> Result<u32, hotpatch::Failure> {
        Ok(u32::from(*old.get::<u16>("hp")?) * 10)
    }
    #[derive(Migrate)]
    struct Told {
        #[migrate(with = widened)]
        hp: u32,
        #[migrate(from = "name")]
        title: String,
        #[migrate(default)]
        gone: u8,
    }
    let new: Told = migrate_up(first()).unwrap();
    assert_eq!((new.hp, &*new.title, new.gone), (70, "Ada", 0));
}

#[test]
fn a_function_makes_the_whole_value() {
    fn merged(old: &Old<'_>) -> Result<Whole, String> {
        let name: &String = old.get("name").map_err(|failure| failure.to_string())?;
        if name.is_empty() {
            return Err("nobody has no name".into());
        }
        let hp = old.whole::<First>().map_or(0, |first| first.hp);
        Ok(Whole {
            text: format!("{name} version {} has {hp}", old.version()),
        })
    }
    #[derive(Migrate, Debug)]
    #[migrate(version = 2, with = merged)]
    struct Whole {
        text: String,
    }
    assert_eq!(
        migrate_up::<_, Whole>(first()).unwrap().text,
        "Ada version 1 has 7"
    );
    let nobody = First {
        name: String::new(),
        ..first()
    };
    assert_eq!(refused::<_, Whole>(nobody), "nobody has no name");
}

#[test]
fn a_version_alone_asks_for_the_function() {
    #[derive(Migrate)]
    #[migrate(name = "Distance")]
    struct Metres(f64);
    #[derive(Migrate)]
    #[migrate(name = "Distance", version = 2, with = Centimetres::of_metres)]
    struct Centimetres(f64);
    impl Centimetres {
        fn of_metres(old: &Old<'_>) -> Result<Self, hotpatch::Failure> {
            Ok(Self(old.get::<f64>("0")? * 100.0))
        }
    }
    #[derive(Migrate)]
    struct Before {
        length: Metres,
    }
    #[derive(Migrate)]
    struct After {
        length: Centimetres,
    }
    let new: After = migrate_up(Before { length: Metres(1.5) }).unwrap();
    assert_eq!(new.length.0, 150.0);
}

#[test]
fn a_panic_is_a_reason() {
    fn panics(_: &Old<'_>) -> Result<u8, String> {
        panic!("not today")
    }
    #[derive(Migrate)]
    struct Panics {
        #[migrate(with = panics)]
        new: u8,
    }
    assert_eq!(
        refused::<First, Panics>(first()),
        "`new`: the migration panicked: not today"
    );
}

#[test]
fn nothing_is_read_as_what_it_is_not() {
    fn misread(old: &Old<'_>) -> Result<u8, hotpatch::Failure> {
        assert!(old.whole::<String>().is_none());
        let missing = old.get::<u8>("nothing").unwrap_err().to_string();
        assert!(missing.contains("version 1 has no field `nothing`"), "{missing}");
        old.get::<u32>("hp").copied().map(|_| 0)
    }
    #[derive(Migrate)]
    struct Misread {
        #[migrate(with = misread)]
        new: u8,
    }
    let reason = refused::<First, Misread>(first());
    assert!(
        reason.starts_with("`new`: `hp`: the old value has `u16` there, not `u32`"),
        "{reason}"
    );
}

#[test]
fn handles_inside_of_a_value_move() {
    #[derive(Migrate)]
    struct Before {
        inner: State<Vec<u8>>,
    }
    #[derive(Migrate)]
    struct After {
        more: u8,
        inner: State<Vec<u8>>,
    }
    let new: After = migrate_up(Before {
        inner: State::new(vec![5]),
    })
    .unwrap();
    assert_eq!((new.more, new.inner.with(|inner| inner[0])), (0, 5));
}

#[test]
fn values_are_used_in_closures_and_shared() {
    let mut state = State::new(first());
    state.with_mut(|first| first.hp += 1);
    let seen = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| state.with(|first| first.hp)))
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(seen, [8; 4]);
    assert!(format!("{state:?}").contains("First"));
}
