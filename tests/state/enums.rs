//! Enums: variants are known by their names.

use hotpatch::{Migrate, Old, migrate_up};

use crate::refused;

#[derive(Migrate, Debug, PartialEq)]
enum Before {
    Idle,
    Walking { to: (i32, i32), speed: u8 },
    Talking(String),
}

#[derive(Migrate, Debug, PartialEq)]
enum After {
    Talking(String),
    Running {
        to: (i32, i32),
    },
    #[migrate(from = "Walking")]
    Moving {
        speed: u8,
        to: (i32, i32),
        since: u64,
    },
    Idle,
}

#[test]
fn variants_move_wherever_they_stand() {
    let migrated = |before: Before| migrate_up::<_, After>(before).unwrap();
    assert_eq!(migrated(Before::Idle), After::Idle);
    assert_eq!(
        migrated(Before::Talking("hello".into())),
        After::Talking("hello".into())
    );
    let before = Before::Walking { to: (1, 2), speed: 3 };
    let after = After::Moving {
        to: (1, 2),
        speed: 3,
        since: 0,
    };
    assert_eq!(migrated(before), after);
    assert_ne!(migrated(Before::Idle), After::Running { to: (0, 0) });
}

#[test]
fn a_value_in_a_variant_that_is_gone_is_refused() {
    #[derive(Migrate, Debug, PartialEq)]
    enum Less {
        Idle,
    }
    assert_eq!(migrate_up::<_, Less>(Before::Idle).unwrap(), Less::Idle);
    let reason = refused::<_, Less>(Before::Talking("x".into()));
    assert!(
        reason.starts_with("the value is in variant `Talking`, which `"),
        "{reason}"
    );
    assert!(reason.contains("`#[migrate(from = \"Talking\")]`"), "{reason}");
}

#[test]
fn a_function_sees_the_variant() {
    fn flat(old: &Old<'_>) -> Result<Flat, hotpatch::Failure> {
        Ok(match old.variant() {
            Some("Walking") => Flat {
                x: old.get::<(i32, i32)>("to")?.0,
                busy: true,
            },
            variant => Flat {
                x: 0,
                busy: variant != Some("Idle"),
            },
        })
    }
    #[derive(Migrate, Debug, PartialEq)]
    #[migrate(with = flat)]
    struct Flat {
        x: i32,
        busy: bool,
    }
    let walking = Before::Walking { to: (9, 2), speed: 3 };
    assert_eq!(migrate_up::<_, Flat>(walking).unwrap(), Flat { x: 9, busy: true });
    assert_eq!(
        migrate_up::<_, Flat>(Before::Idle).unwrap(),
        Flat { x: 0, busy: false }
    );
}

#[test]
fn plain_enums_keep_their_meaning_when_their_values_move() {
    #[derive(Migrate, Debug, PartialEq, Clone, Copy)]
    #[migrate(name = "Colour")]
    #[repr(u8)]
    enum Old {
        Red = 1,
        Green = 2,
    }
    #[derive(Migrate, Debug, PartialEq, Clone, Copy)]
    #[migrate(name = "Colour")]
    #[repr(u8)]
    enum New {
        Green = 1,
        Blue = 2,
        Red = 3,
    }
    let after: Vec<New> = migrate_up(vec![Old::Red, Old::Green]).unwrap();
    assert_eq!(after, [New::Red, New::Green]);
    assert_eq!(New::Blue as u8, 2);
}
