//! The memory of one value, and how a value comes out of an earlier one.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::{self, NonNull};

use super::description::{Description, Migrate};
use super::failure::Failure;
use super::leftovers::drop_rest;
use super::moves::{Moves, Span, Taken};
use super::old::Old;
use super::part::contain;

/// Memory for a value, or with one.
#[derive(Clone, Copy)]
pub(super) struct Value {
    place: NonNull<u8>,
    size: usize,
    align: usize,
}

impl Value {
    /// Memory for a value of this description.
    pub(super) fn room(description: &Description) -> Self {
        let (size, align) = (description.size, description.align);
        let layout = Layout::from_size_align(size, align).expect("the layout of a type");
        let place = if size == 0 {
            NonNull::new(ptr::without_provenance_mut(align)).expect("an alignment is not zero")
        } else {
            // SAFETY: the size is not zero.
            NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
        };
        Self { place, size, align }
    }

    pub(super) fn place(&self) -> *mut u8 {
        self.place.as_ptr()
    }

    /// Frees the memory, and nothing that is in it.
    ///
    /// # Safety
    ///
    /// Nobody uses it from now on.
    pub(super) unsafe fn free(self) {
        if self.size > 0 {
            let layout = Layout::from_size_align(self.size, self.align).expect("the layout of a type");
            // SAFETY: the memory was allocated with this layout, and the caller gives it up.
            unsafe { dealloc(self.place.as_ptr(), layout) };
        }
    }
}

/// A value that was made out of an earlier one, beside it. Parts of it are copies of parts of that one.
pub(super) struct Made {
    pub(super) value: Value,
    /// Which parts.
    pub(super) span: Span,
}

impl Made {
    /// Makes a value of the description `after`.
    ///
    /// # Errors
    ///
    /// It cannot be made; the old value is as it was. What was made of the new one by then is left alone.
    ///
    /// # Safety
    ///
    /// `old` points to a value of the description `before`, which nobody changes meanwhile.
    pub(super) unsafe fn out_of(
        old: *const u8,
        before: &'static Description,
        after: &'static Description,
        moves: &Moves,
    ) -> Result<Self, Failure> {
        let value = Value::room(after);
        let (outcome, span) = moves.of(old, || {
            // SAFETY: promised by the caller, and there is room for the new value.
            contain(|| unsafe { (after.rebuild)(&Old::new(old, before, moves), value.place()) })
        });
        match outcome {
            Ok(()) => Ok(Self { value, span }),
            Err(failure) => {
                // SAFETY: nothing was written there.
                unsafe { value.free() };
                Err(failure)
            }
        }
    }
}

/// Ends an old value: drops what did not move out of it, and frees its memory.
///
/// # Safety
///
/// The value is of this description, this was taken out of it, and nobody uses it from now on.
pub(super) unsafe fn end(old: Value, description: &'static Description, taken: &Taken<'_>) {
    // A panic leaves the rest of this value behind.
    let _ = contain(|| {
        // SAFETY: promised by the caller.
        unsafe { drop_rest(old.place(), description, taken) };
        Ok(())
    });
    // SAFETY: promised by the caller.
    unsafe { old.free() };
}

/// Makes a value of one type out of one of another, as a commit does: for tests of migrations.
///
/// The names of the two types need not be the same; those of types inside of them do (see `name` of the derive).
///
/// # Errors
///
/// The migration is refused, for this reason; the old value is dropped.
pub fn migrate_up<A: Migrate, B: Migrate>(old: A) -> Result<B, Failure> {
    migrate(old, false)
}

/// Makes a value of an earlier type out of one of a later type, as a roll-back does: for tests of migrations.
///
/// # Errors
///
/// As for [`migrate_up`].
pub fn migrate_down<A: Migrate, B: Migrate>(new: A) -> Result<B, Failure> {
    migrate(new, true)
}

fn migrate<A: Migrate, B: Migrate>(value: A, is_back: bool) -> Result<B, Failure> {
    let (before, after) = (A::describe(), B::describe());
    let old = Value::room(before);
    let mut moves = Moves::new(is_back);
    // SAFETY: there is room for an `A`, which is that of the description, and nobody else has the memory. What is made is
    // a `B`.
    unsafe {
        old.place().cast::<A>().write(value);
        match Made::out_of(old.place(), before, after, &moves) {
            Ok(made) => {
                let new = made.value.place().cast::<B>().read();
                made.value.free();
                end(old, before, &moves.taken(old.place(), &made.span));
                Ok(new)
            }
            Err(failure) => {
                (before.drop)(old.place());
                old.free();
                Err(failure)
            }
        }
    }
}
