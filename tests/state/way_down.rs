//! Roll-backs: what later code gives for earlier code.

use hotpatch::{Down, Migrate, migrate_down, migrate_up};

use crate::refused_down;

#[derive(Migrate, Debug, PartialEq)]
#[migrate(name = "Player")]
struct First {
    name: String,
    hp: u16,
}

#[derive(Migrate, Debug)]
#[migrate(name = "Player", version = 2)]
struct Silent {
    name: String,
    #[migrate(default)]
    hp: u32,
}

#[derive(Migrate, Debug)]
#[migrate(name = "Player", version = 2, down = Told::to_first)]
struct Told {
    name: String,
    #[migrate(with = wide)]
    hp: u32,
}

fn wide(old: &hotpatch::Old<'_>) -> Result<u32, hotpatch::Failure> {
    old.get::<u16>("hp").map(|hp| u32::from(*hp))
}

impl Told {
    fn to_first(&self, first: &mut Down) -> Result<(), String> {
        let hp = u16::try_from(self.hp).map_err(|_| format!("{} does not fit into the old `hp`", self.hp))?;
        first.set("hp", hp);
        Ok(())
    }
}

#[derive(Migrate, Debug)]
#[migrate(name = "Player", version = 2, down)]
struct ByItself {
    name: String,
    mana: u8,
}

#[test]
fn without_a_way_down_a_roll_back_is_refused() {
    let silent = Silent {
        name: "Ada".into(),
        hp: 3,
    };
    assert_eq!((&*silent.name, silent.hp), ("Ada", 3));
    let reason = refused_down::<_, First>(silent);
    assert_eq!(
        reason,
        "`Player` has no way down from version 2 to version 1; give it `#[migrate(down = ..)]`, or `#[migrate(down)]` \
         if fields that are new or gone may take their defaults"
    );
}

#[test]
fn a_way_down_gives_what_the_earlier_type_had() {
    let told = |hp| Told {
        name: "Ada".into(),
        hp,
    };
    let first: First = migrate_down(told(3)).unwrap();
    let expected = First {
        name: "Ada".into(),
        hp: 3,
    };
    assert_eq!(first, expected);
    let again: Told = migrate_up(first).unwrap();
    assert_eq!((&*again.name, again.hp), ("Ada", 3));
    let reason = refused_down::<_, First>(told(70_000));
    assert_eq!(reason, "70000 does not fit into the old `hp`");
}

#[test]
fn by_itself_it_takes_defaults() {
    let player = ByItself {
        name: "Ada".into(),
        mana: 9,
    };
    assert_eq!(player.mana, 9);
    let first: First = migrate_down(player).unwrap();
    assert_eq!((&*first.name, first.hp), ("Ada", 0));
}

#[test]
fn what_only_contains_the_type_needs_no_way_of_its_own() {
    #[derive(Migrate, Debug)]
    #[migrate(name = "World")]
    struct WorldOfFirst {
        players: Vec<First>,
        age: u8,
    }
    #[derive(Migrate, Debug)]
    #[migrate(name = "World")]
    struct WorldOfTold {
        players: Vec<Told>,
        age: u8,
    }
    let before = WorldOfTold {
        players: vec![Told {
            name: "Ada".into(),
            hp: 5,
        }],
        age: 4,
    };
    let after: WorldOfFirst = migrate_down(before).unwrap();
    assert_eq!((after.players[0].hp, after.age), (5, 4));
}

#[test]
fn a_lower_version_goes_down_whoever_asks_for_it() {
    let silent = Silent {
        name: "Ada".into(),
        hp: 3,
    };
    let reason = crate::refused::<_, First>(silent);
    assert!(
        reason.contains("no way down from version 2 to version 1"),
        "{reason}"
    );
}

#[test]
fn what_is_given_must_have_the_type_of_the_field() {
    #[derive(Migrate)]
    #[migrate(name = "Player", version = 2, down = Wrong::down)]
    struct Wrong {
        name: String,
    }
    impl Wrong {
        fn down(&self, first: &mut Down) -> Result<(), String> {
            first.set("hp", u64::from(self.name.len() as u32));
            Ok(())
        }
    }
    let reason = refused_down::<_, First>(Wrong { name: "x".into() });
    assert_eq!(
        reason,
        "`hp`: the down-migration sets `hp` to a `u64`, and it is a `u16` there"
    );
}
