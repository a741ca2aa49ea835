//! How one field of a new value comes about.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::description::{Describe, Rebuild};
use super::down::Down;
use super::failure::Failure;
use super::old::Old;

/// What the new type says of one of its fields.
#[doc(hidden)]
pub struct Part<F> {
    pub name: &'static str,
    /// What it was called before, if that is said.
    pub from: Option<&'static str>,
    pub describe: Describe,
    /// Makes one out of an old one of another layout, where the type can.
    pub rebuild: Option<Rebuild<F>>,
    /// Makes one if the old value has none of this type.
    pub with: Option<Rebuild<F>>,
    pub fallback: Fallback<F>,
}

/// What a field begins with.
#[doc(hidden)]
pub enum Fallback<F> {
    /// Nothing.
    None,
    /// Its default, if it is new.
    IfNew(fn() -> F),
    /// What its author said, also if it had another type.
    Said(fn() -> F),
}

impl<F> Part<F> {
    /// Moves the field from the old value, or makes it. The caller decides at the end whether it is dropped.
    pub fn take(self, old: &Old<'_>) -> Result<ManuallyDrop<F>, Failure> {
        let name = self.name;
        let new = (self.describe)();
        if let Some(given) = old.given(name, new) {
            // SAFETY: it is a value of this description, which has left the box.
            return given
                .map(|value| unsafe { value.cast::<ManuallyDrop<F>>().read() })
                .map_err(|failure| failure.within(name));
        }
        let before = old.source(name, self.from, new);
        if let Some(part) = before
            && let Some(taken) = old.take(part, new, self.rebuild)
        {
            return taken.map_err(|failure| failure.within(name));
        }
        if let Some(with) = self.with {
            return with(old)
                .map(ManuallyDrop::new)
                .map_err(|failure| failure.within(name));
        }
        match (self.fallback, before) {
            (Fallback::Said(default), _) | (Fallback::IfNew(default), None) => {
                Ok(ManuallyDrop::new(default()))
            }
            (_, Some((_, description, _))) if old.is_down() => Err(Failure::new(format_args!(
                "it is a `{}` now, and was a `{}`; set it in the way down: `#[migrate(down = ..)]`",
                (description.name)(),
                (new.name)()
            ))
            .within(name)),
            (Fallback::IfNew(_) | Fallback::None, Some((_, description, _))) => {
                Err(description.cannot_become((new.name)()).within(name))
            }
            (Fallback::None, None) => Err(Failure::new(format_args!(
                "the field is new, and `{}` has no default; say what it begins with: `#[migrate(default = ..)]` or \
                 `#[migrate(with = ..)]`",
                (new.name)()
            ))
            .within(name)),
        }
    }
}

/// Has a function of the author make a value.
#[doc(hidden)]
pub fn rebuilt_by<T, E: std::fmt::Display>(
    old: &Old<'_>,
    migrate: impl FnOnce(&Old<'_>) -> Result<T, E>,
) -> Result<T, Failure> {
    contain(|| migrate(old).map_err(Failure::new))
}

/// Has a function of the author fill in what an earlier type has.
#[doc(hidden)]
pub fn downed_by<T, E: std::fmt::Display>(
    value: &T,
    down: &mut Down,
    migrate: impl FnOnce(&T, &mut Down) -> Result<(), E>,
) -> Result<(), Failure> {
    contain(|| migrate(value, down).map_err(Failure::new))
}

/// Runs code of the author; a panic is a failure.
pub(super) fn contain<T>(run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        let failure = Failure::new(format_args!(
            "the migration panicked{}",
            text.map(|text| format!(": {text}")).unwrap_or_default()
        ));
        // Its destructor could panic, too.
        std::mem::forget(payload);
        Err(failure)
    })
}
