//! What a type is made of, as its own code tells it.

use std::fmt;
use std::mem::needs_drop;

use super::down::Down;
use super::failure::Failure;
use super::old::Old;

/// A type whose values can be made out of values that earlier code made, or later code. Derive it.
///
/// # Safety
///
/// [`describe`](Self::describe) tells the truth about every part of a value, and about how it lies in memory.
#[diagnostic::on_unimplemented(note = "put `#[derive(hotpatch::Migrate)]` on the type")]
pub unsafe trait Migrate: Sized + 'static {
    /// What this type is made of.
    #[doc(hidden)]
    fn describe() -> &'static Description;

    /// Makes a value out of one that has another description.
    ///
    /// What is given back contains parts of the old value, of which there are two copies then: until it is decided
    /// which of them counts, neither may be dropped.
    #[doc(hidden)]
    fn rebuild(old: &Old<'_>) -> Result<Self, Failure>;
}

/// Makes a value of a type out of an old one, see [`Migrate::rebuild`].
pub type Rebuild<T> = fn(&Old<'_>) -> Result<T, Failure>;

/// Gets the index of a variant, and where its fields are.
pub type EachVariant<'a> = &'a mut dyn FnMut(usize, &[*const u8]);

/// Gets where the parts of an item are.
pub type EachItem<'a> = &'a mut dyn FnMut(&[*const u8]);

/// A function that describes a type. A function, as types may contain themselves.
pub type Describe = fn() -> &'static Description;

/// What a type is made of, and the code that knows it.
#[doc(hidden)]
pub struct Description {
    /// Tells the type from others: its path without type arguments, or all of its name if it is plain.
    pub name: fn() -> &'static str,
    /// The author's number for the meaning of a value.
    pub version: u32,
    pub size: usize,
    pub align: usize,
    pub kind: Kind,
    /// Whether dropping a value does anything.
    pub needs_drop: bool,
    /// Drops a value in place.
    pub drop: unsafe fn(*mut u8),
    /// Writes to a place what [`Migrate::rebuild`] makes.
    pub rebuild: unsafe fn(&Old<'_>, *mut u8) -> Result<(), Failure>,
    /// How to come from a value of this type to one that earlier code can use; `None` if nobody has said so.
    pub down: Option<Downward>,
}

/// The parts of a type.
#[doc(hidden)]
pub enum Kind {
    /// None that anybody knows of: a value moves as it is.
    Plain,
    Struct(&'static [Field]),
    Enum {
        variants: &'static [Variant],
        /// Gives the index of the variant of a value, and where its fields are.
        visit: unsafe fn(*const u8, EachVariant<'_>),
    },
    /// Any number of items, each of them of these parts: one, or a key and a value.
    Items {
        of: &'static [Describe],
        /// Gives the parts of one item after the other, in their order.
        visit: unsafe fn(*const u8, EachItem<'_>),
        /// Frees a value whose items have left it.
        release: unsafe fn(*mut u8),
    },
}

/// A field of a struct.
#[doc(hidden)]
pub struct Field {
    pub name: &'static str,
    pub offset: usize,
    pub describe: Describe,
}

/// A variant of an enum.
#[doc(hidden)]
pub struct Variant {
    pub name: &'static str,
    /// As written, if it is.
    pub discriminant: &'static str,
    pub fields: &'static [(&'static str, Describe)],
}

/// The way from a value of later code to one of earlier code.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Downward {
    /// Fields that both have move, and the others begin with their defaults.
    ByItself,
    /// This gives what the earlier type has and this one has not.
    With(unsafe fn(*const u8, &mut Down) -> Result<(), Failure>),
}

impl Description {
    /// The description of a type that has no parts.
    pub const fn plain<T: Migrate>() -> Self {
        Self::of::<T>(std::any::type_name::<T>, 1, Kind::Plain, None)
    }

    /// The description of a type.
    pub const fn of<T: Migrate>(
        name: fn() -> &'static str,
        version: u32,
        kind: Kind,
        down: Option<Downward>,
    ) -> Self {
        Self {
            name,
            version,
            size: size_of::<T>(),
            align: align_of::<T>(),
            kind,
            needs_drop: needs_drop::<T>(),
            drop: drop_in_place::<T>,
            rebuild: rebuild_into::<T>,
            down,
        }
    }

    /// The description of a type that is not known to migrate.
    pub const fn foreign<T: 'static>() -> Self {
        Self {
            name: std::any::type_name::<T>,
            version: 1,
            size: size_of::<T>(),
            align: align_of::<T>(),
            kind: Kind::Plain,
            needs_drop: needs_drop::<T>(),
            drop: drop_in_place::<T>,
            rebuild: |old, _| Err(old.cannot_become(std::any::type_name::<T>())),
            down: None,
        }
    }
}

impl Description {
    /// Neither code nor layout says how a value of this description becomes one of the type `new`.
    pub(super) fn cannot_become(&self, new: &str) -> Failure {
        let old = (self.name)();
        if old == new {
            return Failure::new(format_args!(
                "the layout of `{new}` changed, and it does not derive `Migrate`; derive it, or restart the program"
            ));
        }
        Failure::new(format_args!(
            "the type changed from `{old}` to `{new}`; say how with `#[migrate(with = ..)]`, or restart the program"
        ))
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}", (self.name)(), self.version)
    }
}

/// # Safety
///
/// `value` points to a `T`, which nobody uses from now on.
unsafe fn drop_in_place<T>(value: *mut u8) {
    // SAFETY: promised by the caller.
    unsafe { value.cast::<T>().drop_in_place() }
}

/// # Safety
///
/// `place` has room for a `T`.
unsafe fn rebuild_into<T: Migrate>(old: &Old<'_>, place: *mut u8) -> Result<(), Failure> {
    let new = T::rebuild(old)?;
    // SAFETY: promised by the caller.
    unsafe { place.cast::<T>().write(new) };
    Ok(())
}
