//! Tuples: structs whose fields are called `0`, `1` and so on.

use std::mem::{ManuallyDrop, offset_of};

use super::description::{Description, Field, Kind, Migrate};
use super::failure::Failure;
use super::old::Old;

macro_rules! tuples {
    ($(($($part:ident $index:tt),+))*) => {$(
        // SAFETY: these are its parts, and where they lie.
        unsafe impl<$($part: Migrate),+> Migrate for ($($part,)+) {
            fn describe() -> &'static Description {
                const {
                    &Description::of::<Self>(
                        || "tuple",
                        1,
                        Kind::Struct(
                            const { &[$(Field {
                                name: stringify!($index),
                                offset: offset_of!(Self, $index),
                                describe: $part::describe,
                            }),+] },
                        ),
                        None,
                    )
                }
            }

            fn rebuild(old: &Old<'_>) -> Result<Self, Failure> {
                let own = Self::describe();
                let Kind::Struct(fields) = &own.kind else { unreachable!("it is described so") };
                // A tuple with more or fewer parts is another type.
                if old.field_count() != fields.len() {
                    return Err(old.cannot_become(std::any::type_name::<Self>()));
                }
                old.open(own)?;
                let parts = ($({
                    let part = old.part(stringify!($index)).expect("it has as many");
                    old.item::<$part>(part).map_err(|failure| failure.within(stringify!($index)))?
                },)+);
                Ok(($(ManuallyDrop::into_inner(parts.$index),)+))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}
