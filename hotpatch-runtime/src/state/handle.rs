//! The handle that a program has of a value.

use std::fmt;
#[cfg(feature = "live")]
use std::marker::PhantomData;
#[cfg(feature = "live")]
use std::ptr::NonNull;

#[cfg(feature = "live")]
use super::access;
#[cfg(feature = "live")]
use super::cell::Cell;
use super::description::{Description, Migrate};
use super::failure::Failure;
#[cfg(feature = "live")]
use super::moves::Moves;
use super::old::Old;
#[cfg(feature = "live")]
use super::value::{self, Made, Value};
#[cfg(feature = "live")]
use super::{agreement::agree, group, shift};
#[cfg(feature = "live")]
use crate::dispatch::run_instance;
#[cfg(feature = "live")]
use crate::drain;
#[cfg(feature = "live")]
use crate::fork;
#[cfg(feature = "live")]
use crate::scope::Scope;

/// A value whose type may change while the program runs.
///
/// The value is reached through [`with`](Self::with) and [`with_mut`](Self::with_mut) only, so no reference into it can
/// outlive a commit: a commit that changes the layout waits until every thread is outside, and no thread comes in before
/// it is done. The closures are hot, like those that are given to [`call`](crate::call).
///
/// When a patch changes the type, every value in a `State` of it is made anew from the old one, as
/// [`Migrate`](trait@Migrate) says, before any new code sees it. If one value cannot be made, the patch is refused
/// (`HP0609`), and all values are as they were. The same goes for a roll-back, which needs a way down.
///
/// ```
/// use hotpatch_runtime::State;
///
/// let mut names = State::new(vec![String::from("Ada")]);
/// names.with_mut(|names| names.push("Grace".into()));
/// assert_eq!(names.with(|names| names.len()), 2);
/// ```
///
/// # Threads
///
/// A value may be migrated on another thread than the one that made it, so it must be [`Send`]. To share it, put a
/// `Mutex` or an `RwLock` around the handle, or inside.
///
/// # Panics
///
/// Inside a migration, and while what is left of an old value is dropped, no `State` can be used:
/// [`with`](Self::with) panics, which refuses the migration. [`new`](Self::new) panics if old code, which goes on because
/// it is not hot, makes a value that cannot be migrated to the type that is live by then.
#[cfg(feature = "live")]
pub struct State<T: Migrate> {
    /// A [`Cell`], which is nobody's business: the types that it leads to are the same in all generations.
    cell: NonNull<Opaque>,
    of: PhantomData<T>,
}

#[cfg(feature = "live")]
struct Opaque;

/// A value whose type may change while the program runs; in a program without patching it never does.
#[cfg(not(feature = "live"))]
pub struct State<T: Migrate> {
    value: Box<T>,
}

#[cfg(feature = "live")]
// SAFETY: the handle owns a value that can be sent, see `new`.
unsafe impl<T: Migrate + Send> Send for State<T> {}
#[cfg(feature = "live")]
// SAFETY: a shared handle gives out shared references only.
unsafe impl<T: Migrate + Sync> Sync for State<T> {}

#[cfg(feature = "live")]
impl<T: Migrate + Send> State<T> {
    /// Takes a value.
    pub fn new(value: T) -> Self {
        let origin = access::description::<T> as fn() -> &'static Description;
        // SAFETY: a function pointer is never null.
        let origin = unsafe { NonNull::new_unchecked(origin as *mut ()) };
        let own = T::describe();
        fork::note();
        let _inside = drain::step_inside(drain::STATE);
        let room = Value::room(own);
        // SAFETY: there is room for a `T`.
        unsafe { room.place().cast::<T>().write(value) };
        let cell = Cell::new(room, own, origin);
        if !shift::is_at_work() {
            // Code that goes on as it was makes values as they were.
            let live = group::description(origin, own);
            if agree(own, live) {
                cell.renew(live);
            } else {
                convert(&cell, live);
            }
        }
        let cell = NonNull::from(Box::leak(Box::new(cell)));
        group::add(cell);
        Self {
            cell: cell.cast(),
            of: PhantomData,
        }
    }
}

/// Makes a value that old code has made one of live code.
#[cfg(feature = "live")]
#[cold]
fn convert(cell: &Cell, live: &'static Description) {
    let before = cell.description();
    let mut moves = Moves::default();
    // SAFETY: the cell has a value of its description, and nobody else knows the cell.
    match unsafe { Made::out_of(cell.place(), before, live, &moves) } {
        Ok(made) => {
            let old = cell.replace(made.value, live);
            // SAFETY: the value has left the cell; this was taken out of it.
            unsafe { value::end(old, before, &moves.taken(old.place(), &made.span)) }
        }
        Err(failure) => panic!(
            "old code made a `State<{}>`, and the value cannot become one of the code that is live: {failure}",
            (before.name)()
        ),
    }
}

#[cfg(feature = "live")]
impl<T: Migrate> State<T> {
    /// Runs `f` with the value.
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        let _inside = self.enter();
        // SAFETY: a shared handle gives shared references, to a value that stays where it is for as long as the thread is
        // inside. Whoever uses it as a `T` checks first that it is one.
        let value = unsafe { &*self.cell().place().cast::<T>() };
        run::<_, T, _, R>(f, value, self.cell().description())
    }

    /// Runs `f` with the value, which it may change.
    pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> R {
        let _inside = self.enter();
        // SAFETY: as in `with`; the handle is borrowed for this call alone.
        let value = unsafe { &mut *self.cell().place().cast::<T>() };
        run::<_, T, _, R>(f, value, self.cell().description())
    }

    fn enter(&self) -> impl Drop + use<T> {
        assert!(
            !shift::is_at_work(),
            "a `State` cannot be used inside a migration, nor while an old value is dropped after one"
        );
        drain::step_inside(drain::STATE)
    }

    fn cell(&self) -> &Cell {
        // SAFETY: the handle owns the cell.
        unsafe { self.cell.cast().as_ref() }
    }
}

/// Runs the code that `f` has now.
#[cfg(feature = "live")]
fn run<F: FnOnce(A) -> R, T: Migrate, A, R>(f: F, value: A, is: &'static Description) -> R {
    let _scope = Scope::open();
    // SAFETY: the thread is in a scope. The bodies that are published for this instance take a closure that captures the
    // same values in the same places, and give the same type: the patch linker refuses others. Each checks that the value
    // is what it takes it for.
    unsafe {
        let body = access::body::<F, T, A, R> as fn(F, A, &'static Description) -> R;
        run_instance(Scope::here(), body, move |code| code(f, value, is))
    }
}

#[cfg(feature = "live")]
impl<T: Migrate> Drop for State<T> {
    fn drop(&mut self) {
        let _inside = drain::step_inside(drain::STATE);
        let cell: NonNull<Cell> = self.cell.cast();
        group::remove(cell);
        // SAFETY: the handle owns the cell, which was leaked from a box and has left its group.
        unsafe { Box::from_raw(cell.as_ptr()).end() };
    }
}

#[cfg(not(feature = "live"))]
impl<T: Migrate + Send> State<T> {
    /// Takes a value.
    pub fn new(value: T) -> Self {
        Self {
            value: Box::new(value),
        }
    }
}

#[cfg(not(feature = "live"))]
impl<T: Migrate> State<T> {
    /// Runs `f` with the value.
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        f(&self.value)
    }

    /// Runs `f` with the value, which it may change.
    pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.value)
    }
}

impl<T: Migrate + Send + Default> Default for State<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Migrate> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State<{}>(..)", std::any::type_name::<T>())
    }
}

// SAFETY: a handle moves as it is; what it leads to is migrated by itself.
unsafe impl<T: Migrate> Migrate for State<T> {
    fn describe() -> &'static Description {
        const { &Description::plain::<Self>() }
    }

    fn rebuild(old: &Old<'_>) -> Result<Self, Failure> {
        Err(old.cannot_become(std::any::type_name::<Self>()))
    }
}
