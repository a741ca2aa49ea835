//! What becomes of a value when its type changes: two versions of each type in one program.

mod collections;
mod dropped;
mod enums;
mod fields;
mod way_down;

use hotpatch::{Migrate, migrate_down, migrate_up};

/// What the migration upwards is refused with.
fn refused<A: Migrate, B: Migrate>(old: A) -> String {
    migrate_up::<A, B>(old).err().expect("refused").to_string()
}

/// What the migration downwards is refused with.
fn refused_down<A: Migrate, B: Migrate>(new: A) -> String {
    migrate_down::<A, B>(new).err().expect("refused").to_string()
}
