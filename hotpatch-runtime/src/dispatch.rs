//! The way into hot code: [`call`], the safe point, and [`enter`], the first thing every hot function does.
//!
//! Inside a [`call`] a hot function costs the check that it is inside one, two dependent loads and an indirect call.
//! Outside, it opens a scope of its own for its whole duration, so the hot functions it calls are inside again.
//! Each entry into a function looks at the table that is live at that moment: a long call takes new code at its next
//! step.

use std::mem::transmute_copy;
use std::ptr::{self, NonNull};

use hotpatch_abi::entry::Entry;

use crate::closure;
use crate::drain;
use crate::live::Live;
use crate::scope::{Announced, Consistent, Here, Scope, Source};
use crate::sync::AtomicPtr;
use crate::table::{self, Table};

/// Runs `f` as one unit of hot code: the safe point of a loop, a request or a task.
///
/// Everything that `f` calls is protected for as long as `f` runs, at the price of one protection. Calls may be
/// nested; the inner ones cost next to nothing.
#[inline]
pub fn call<R>(f: impl FnOnce() -> R) -> R {
    let here = Scope::here();
    if !here.is_outside() {
        return closure::run(here, f);
    }
    // A scope whose parts stay in registers: going through memory on the way out would double the price of a call.
    match Announced::outermost() {
        Some(scope) => closure::run(scope.here(), f),
        None => call_without_word(f),
    }
}

#[cold]
#[inline(never)]
fn call_without_word<R>(f: impl FnOnce() -> R) -> R {
    let _scope = Scope::at_safe_point();
    closure::run(Scope::here(), f)
}

/// Runs `f` on one generation from beginning to end: every hot function that it calls, at any depth, is the one of the
/// generation that was live when it began, whatever is committed or rolled back meanwhile.
///
/// A nested one keeps to the generation of the outermost. What `f` lets other threads do is their own; a hot function
/// that a later generation added runs as it was built.
pub fn consistent<R>(f: impl FnOnce() -> R) -> R {
    stay(|| closure::run(Scope::here(), f))
}

/// Runs `f`, which is no closure that patches replace, on one generation.
pub(crate) fn stay<R>(f: impl FnOnce() -> R) -> R {
    let _scope = Scope::open();
    // Also where functions are not tracked: a value must not change its layout while code of one generation uses it.
    let _inside = drain::step_inside(drain::CONSISTENT);
    let source = Live(AtomicPtr::new(table::LIVE.get().cast_mut()));
    let _consistent = Consistent::begin(&source);
    f()
}

/// Runs the code that `entry` has now: `run` gets its address, or `body` if it runs the code as built.
///
/// Make `run` a `move` closure: arguments that it captures by reference would take a way through memory.
///
/// # Safety
///
/// - `F` is a function pointer type, and `body` is the body that `entry` describes.
/// - Every body that is ever published for `entry` has the type `F`.
#[inline(always)]
pub unsafe fn enter<F: Copy, R>(entry: &'static Entry, body: F, run: impl FnOnce(F) -> R) -> R {
    match Scope::here().usual() {
        // SAFETY: promised by the caller.
        Some(live) => run(unsafe { resolve_live(live, entry, body) }),
        // SAFETY: promised by the caller.
        None => unsafe { enter_from_outside(entry, body, run) },
    }
}

/// # Safety
///
/// As for [`enter`].
#[inline(never)]
unsafe fn enter_from_outside<F: Copy, R>(entry: &'static Entry, body: F, run: impl FnOnce(F) -> R) -> R {
    if Scope::here().is_outside()
        && let Some(scope) = Announced::outermost()
        && let Some(live) = scope.here().usual()
    {
        // SAFETY: promised by the caller.
        run(unsafe { resolve_live(live, entry, body) })
    } else {
        // SAFETY: promised by the caller.
        unsafe { enter_slowly(entry, body, run) }
    }
}

/// For threads without a word, and for scopes that are tracked or stay with an earlier table.
///
/// # Safety
///
/// As for [`enter`].
#[cold]
#[inline(never)]
unsafe fn enter_slowly<F: Copy, R>(entry: &'static Entry, body: F, run: impl FnOnce(F) -> R) -> R {
    let _scope = Scope::open();
    let here = Scope::here();
    let _inside = here
        .is_tracked()
        .then(|| drain::step_inside(ptr::from_ref(entry).addr()));
    // SAFETY: the thread is in a scope.
    let cell = unsafe { Table::cell(here.source(), entry.slot()) };
    // SAFETY: promised by the caller.
    run(unsafe { code(cell, body) })
}

/// # Safety
///
/// As for [`enter`], and `live` is that of the scope of the thread.
#[inline(always)]
unsafe fn resolve_live<F: Copy>(live: *const Source, entry: &'static Entry, body: F) -> F {
    // The slot is read before the table, so that the live table covers it: see `Entry::slot`.
    let slot = entry.slot();
    // SAFETY: promised by the caller.
    unsafe { code(Table::live_cell(live, slot), body) }
}

/// What a table says of a function, whose body as built is `body`.
///
/// # Safety
///
/// `F` is a function pointer type, and every body that is ever published for the function has it.
#[inline(always)]
unsafe fn code<F: Copy>(published: Option<NonNull<()>>, body: F) -> F {
    const {
        assert!(
            size_of::<F>() == size_of::<NonNull<()>>(),
            "`F` must be a function pointer"
        )
    };
    match published {
        None => body,
        // SAFETY: promised by the caller.
        Some(address) => unsafe { transmute_copy(&address) },
    }
}

/// Runs the code that an instance of a generic function has now: `run` gets its address, or `body` if it runs the code
/// as built.
///
/// # Safety
///
/// - `F` is a function pointer type, and `body` is the body of the instance, never inlined.
/// - Every body that is ever published for this address has the type `F`.
#[inline]
pub unsafe fn enter_instance<F: Copy, R>(body: F, run: impl FnOnce(F) -> R) -> R {
    let _scope = Scope::open();
    // SAFETY: the thread is in a scope; the rest is promised by the caller.
    unsafe { run_instance(Scope::here(), body, run) }
}

/// Does what [`enter_instance`] does, in a scope.
///
/// # Safety
///
/// As for [`enter_instance`], and the thread is in a scope: it is `here`.
#[inline(always)]
pub(crate) unsafe fn run_instance<F: Copy, R>(here: Here, body: F, run: impl FnOnce(F) -> R) -> R {
    match here.usual() {
        // SAFETY: promised by the caller.
        Some(source) => run(unsafe { resolve_instance(source, body) }),
        // SAFETY: promised by the caller.
        None => unsafe { run_instance_slowly(here, body, run) },
    }
}

/// # Safety
///
/// As for [`run_instance`].
#[cold]
#[inline(never)]
unsafe fn run_instance_slowly<F: Copy, R>(here: Here, body: F, run: impl FnOnce(F) -> R) -> R {
    let _inside = here
        .is_tracked()
        .then(|| drain::step_inside(address(&body).addr().get()));
    // SAFETY: promised by the caller.
    run(unsafe { resolve_instance(here.source(), body) })
}

/// The code that an instance has in the table that `source` holds.
///
/// # Safety
///
/// As for [`run_instance`], and `source` is that of the scope.
#[inline(always)]
unsafe fn resolve_instance<F: Copy>(source: *const Source, body: F) -> F {
    // SAFETY: the thread is in a scope, and the rest is promised by the caller.
    unsafe { code(Table::instance(source, address(&body)), body) }
}

/// Where the body of an instance lies, which the callers of this promise to be a function pointer.
#[inline(always)]
fn address<F: Copy>(body: &F) -> NonNull<()> {
    const {
        assert!(
            size_of::<F>() == size_of::<NonNull<()>>(),
            "`F` must be a function pointer"
        )
    };
    // SAFETY: a function pointer is never null.
    unsafe { transmute_copy::<F, NonNull<()>>(body) }
}
