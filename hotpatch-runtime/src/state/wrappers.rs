//! Types of the standard library around one value, or none: boxes, options, cells, locks, arrays. Described as collections
//! of what is in them.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::sync::{self, Arc, Mutex, PoisonError, RwLock};

use super::description::{Description, Kind, Migrate};
use super::failure::Failure;
use super::old::Old;

/// What a type around values of one type is, for these functions.
macro_rules! around {
    ($name:literal, $of:ty, [$($parameters:tt)*], $inner:ident, $visit:expr, $release:expr, $rebuild:expr) => {
        // SAFETY: that is what it holds.
        unsafe impl<$($parameters)*> Migrate for $of {
            fn describe() -> &'static Description {
                const {
                    &Description::of::<Self>(
                        || $name,
                        1,
                        Kind::Items {
                            of: const { &[$inner::describe] },
                            visit: |value, each| {
                                let visit: fn(*mut Self, &mut dyn FnMut(&[*const u8])) = $visit;
                                visit(value.cast::<Self>().cast_mut(), each);
                            },
                            release: |value| {
                                let release: fn(*mut Self) = $release;
                                release(value.cast());
                            },
                        },
                        None,
                    )
                }
            }

            fn rebuild(old: &Old<'_>) -> Result<Self, Failure> {
                let rebuild: fn(&Old<'_>) -> Result<Self, Failure> = $rebuild;
                rebuild(old)
            }
        }
    };
}

/// The one item of the old value, made anew.
fn only<T: Migrate>(old: &Old<'_>, own: &'static Description) -> Result<T, Failure> {
    optional(old, own)?.ok_or_else(|| old.cannot_become((own.name)()))
}

fn optional<T: Migrate>(old: &Old<'_>, own: &'static Description) -> Result<Option<T>, Failure> {
    old.open(own)?;
    let mut found = None;
    old.each_item(|parts| {
        found = Some(old.item::<T>(parts[0])?);
        Ok(())
    })?;
    Ok(found.map(ManuallyDrop::into_inner))
}

const NOTHING_TO_FREE: &str = "what it holds lies in itself";

around!(
    "Option",
    Option<T>,
    [T: Migrate],
    T,
    // SAFETY: whoever visits a value promises that it is one, and that nobody changes it.
    |value, each| if let Some(inner) = unsafe { &*value } {
        each(&[std::ptr::from_ref(inner).cast()]);
    },
    |_| _ = NOTHING_TO_FREE,
    |old| optional(old, Self::describe())
);

around!(
    "Box",
    Box<T>,
    [T: Migrate],
    T,
    // SAFETY: as for `Option`.
    |value, each| each(&[std::ptr::from_ref(unsafe { &**value }).cast()]),
    |value| {
        // SAFETY: whoever releases a value gives it up; what is in the box is not dropped.
        drop(unsafe { Box::from_raw(Box::into_raw(value.read()).cast::<ManuallyDrop<T>>()) });
    },
    |old| only(old, Self::describe()).map(Box::new)
);

around!(
    "RefCell",
    RefCell<T>,
    [T: Migrate],
    T,
    // SAFETY: as for `Option`; nobody has borrowed from a value that is being migrated.
    |value, each| each(&[unsafe { (*value).as_ptr() }.cast_const().cast()]),
    |_| _ = NOTHING_TO_FREE,
    |old| only(old, Self::describe()).map(RefCell::new)
);

around!(
    "Cell",
    Cell<T>,
    [T: Migrate],
    T,
    // SAFETY: as for `Option`.
    |value, each| each(&[unsafe { (*value).as_ptr() }.cast_const().cast()]),
    |_| _ = NOTHING_TO_FREE,
    |old| only(old, Self::describe()).map(Cell::new)
);

around!(
    "Mutex",
    Mutex<T>,
    [T: Migrate],
    T,
    |value, each| {
        // SAFETY: as for `Option`, and nobody holds the lock: guards cannot leave `State::with`, and nobody is inside.
        let inner = unsafe { (*value).get_mut() }.unwrap_or_else(PoisonError::into_inner);
        each(&[std::ptr::from_mut(inner).cast_const().cast()]);
    },
    |_| _ = NOTHING_TO_FREE,
    |old| only(old, Self::describe()).map(Mutex::new)
);

around!(
    "RwLock",
    RwLock<T>,
    [T: Migrate],
    T,
    |value, each| {
        // SAFETY: as for `Mutex`.
        let inner = unsafe { (*value).get_mut() }.unwrap_or_else(PoisonError::into_inner);
        each(&[std::ptr::from_mut(inner).cast_const().cast()]);
    },
    |_| _ = NOTHING_TO_FREE,
    |old| only(old, Self::describe()).map(RwLock::new)
);

/// What is shared has other owners, which would keep the old value.
fn shared<T>(old: &Old<'_>, name: &str) -> Result<T, Failure> {
    let _ = old;
    Err(Failure::new(format_args!(
        "what is behind an `{name}` changed, and other owners may have it: it cannot be replaced; keep a `State` behind the \
         `{name}` instead, or restart the program"
    )))
}

around!("Arc", Arc<T>, [T: Migrate], T, |_, _| {}, |_| {}, |old| shared(old, "Arc"));
around!("sync::Weak", sync::Weak<T>, [T: Migrate], T, |_, _| {}, |_| {}, |old| shared(old, "Weak"));

// SAFETY: these are its items.
unsafe impl<T: Migrate, const N: usize> Migrate for [T; N] {
    fn describe() -> &'static Description {
        const {
            &Description::of::<Self>(
                || "array",
                1,
                Kind::Items {
                    of: const { &[T::describe] },
                    visit: |value, each| {
                        // SAFETY: as for `Option`.
                        for item in unsafe { &*value.cast::<Self>() } {
                            each(&[std::ptr::from_ref(item).cast()]);
                        }
                    },
                    release: |_| _ = NOTHING_TO_FREE,
                },
                None,
            )
        }
    }

    fn rebuild(old: &Old<'_>) -> Result<Self, Failure> {
        old.open(Self::describe())?;
        let mut items = Vec::with_capacity(N);
        let mut index = 0_usize;
        old.each_item(|parts| {
            let new = old
                .item::<T>(parts[0])
                .map_err(|failure| failure.within(format!("[{index}]")))?;
            items.push(new);
            index += 1;
            Ok(())
        })?;
        let len = items.len();
        let items: [ManuallyDrop<T>; N] = items.try_into().map_err(|_| {
            Failure::new(format_args!(
                "the array had {len} items and has {N} now; say what becomes of them with `#[migrate(with = ..)]`"
            ))
        })?;
        Ok(items.map(ManuallyDrop::into_inner))
    }
}

// SAFETY: these are its parts; the discriminant is the business of the compiler, the same for all generations.
unsafe impl<T: Migrate, E: Migrate> Migrate for Result<T, E> {
    fn describe() -> &'static Description {
        use super::description::Variant;
        const {
            &Description::of::<Self>(
                || "Result",
                1,
                Kind::Enum {
                    variants: const {
                        &[
                            Variant {
                                name: "Ok",
                                discriminant: "",
                                fields: const { &[("0", T::describe)] },
                            },
                            Variant {
                                name: "Err",
                                discriminant: "",
                                fields: const { &[("0", E::describe)] },
                            },
                        ]
                    },
                    // SAFETY: as for `Option`.
                    visit: |value, each| match unsafe { &*value.cast::<Self>() } {
                        Ok(inner) => each(0, &[std::ptr::from_ref(inner).cast()]),
                        Err(inner) => each(1, &[std::ptr::from_ref(inner).cast()]),
                    },
                },
                None,
            )
        }
    }

    fn rebuild(old: &Old<'_>) -> Result<Self, Failure> {
        old.open(Self::describe())?;
        let part = old.part("0").ok_or_else(|| old.cannot_become("Result"))?;
        Ok(match old.variant() {
            Some("Ok") => Ok(ManuallyDrop::into_inner(old.item::<T>(part)?)),
            _ => Err(ManuallyDrop::into_inner(old.item::<E>(part)?)),
        })
    }
}
