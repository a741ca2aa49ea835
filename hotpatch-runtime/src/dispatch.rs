//! The way into hot code: [`call`], the safe point, and [`enter`], the first thing every hot function does.
//!
//! Inside a [`call`] a hot function costs the check that it is inside one, two dependent loads and an indirect call.
//! Outside, it opens a scope of its own for its whole duration, so the hot functions it calls are inside again.
//! Each entry into a function looks at the table that is live at that moment: a long call takes new code at its next
//! step.

use std::mem::transmute_copy;
use std::ptr::NonNull;

use hotpatch_abi::entry::Entry;

use crate::closure;
use crate::live::Live;
use crate::scope::{Announced, Consistent, Scope, Source};
use crate::sync::AtomicPtr;
use crate::table::{self, Table};

/// Runs `f` as one unit of hot code: the safe point of a loop, a request or a task.
///
/// Everything that `f` calls is protected for as long as `f` runs, at the price of one protection. Calls may be
/// nested; the inner ones cost next to nothing.
#[inline]
pub fn call<R>(f: impl FnOnce() -> R) -> R {
    let _scope = Scope::at_safe_point();
    closure::run(f)
}

/// Runs `f` on one generation from beginning to end: every hot function that it calls, at any depth, is the one of the
/// generation that was live when it began, whatever is committed or rolled back meanwhile.
///
/// A nested one keeps to the generation of the outermost. What `f` lets other threads do is their own; a hot function
/// that a later generation added runs as it was built.
pub fn consistent<R>(f: impl FnOnce() -> R) -> R {
    let _scope = Scope::open();
    let source = Live(AtomicPtr::new(table::LIVE.get().cast_mut()));
    let _consistent = Consistent::begin(&source);
    closure::run(f)
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
    let source = Scope::source();
    if !source.is_null() {
        // SAFETY: the thread is in a scope; the rest is promised by the caller.
        run(unsafe { resolve(source, entry, body) })
    } else {
        // SAFETY: promised by the caller.
        unsafe { enter_from_outside(entry, body, run) }
    }
}

/// # Safety
///
/// As for [`enter`].
#[inline(never)]
unsafe fn enter_from_outside<F: Copy, R>(entry: &'static Entry, body: F, run: impl FnOnce(F) -> R) -> R {
    match Announced::outermost() {
        Some(_scope) => {
            // SAFETY: the thread is in a scope; the rest is promised by the caller.
            run(unsafe { resolve(Scope::source(), entry, body) })
        }
        // SAFETY: promised by the caller.
        None => unsafe { enter_without_word(entry, body, run) },
    }
}

/// # Safety
///
/// As for [`enter`].
#[cold]
#[inline(never)]
unsafe fn enter_without_word<F: Copy, R>(entry: &'static Entry, body: F, run: impl FnOnce(F) -> R) -> R {
    let _scope = Scope::open();
    // SAFETY: the thread is in a scope; the rest is promised by the caller.
    run(unsafe { resolve(Scope::source(), entry, body) })
}

/// # Safety
///
/// As for [`enter`], and the thread is in a scope, whose source is `source`.
#[inline(always)]
unsafe fn resolve<F: Copy>(source: *const Source, entry: &'static Entry, body: F) -> F {
    const {
        assert!(
            size_of::<F>() == size_of::<*const ()>(),
            "`F` must be a function pointer"
        )
    };
    // The slot is read before the table, so that the live table covers it: see `Entry::slot`.
    let slot = entry.slot();
    // SAFETY: promised by the caller.
    match unsafe { Table::cell(source, slot) } {
        None => body,
        // SAFETY: the address is of a body published for `entry`, whose type the caller promises to be `F`.
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
    run(unsafe { resolve_instance(body) })
}

/// The code that an instance has now.
///
/// # Safety
///
/// As for [`enter_instance`], and the thread is in a scope.
#[inline(always)]
pub(crate) unsafe fn resolve_instance<F: Copy>(body: F) -> F {
    const {
        assert!(
            size_of::<F>() == size_of::<NonNull<()>>(),
            "`F` must be a function pointer"
        )
    };
    // SAFETY: the caller promises that `F` is a function pointer, which is never null.
    let built = unsafe { transmute_copy::<F, NonNull<()>>(&body) };
    // SAFETY: the thread is in a scope.
    match unsafe { Table::instance(Scope::source(), built) } {
        None => body,
        // SAFETY: the address is of a body published for this instance, whose type the caller promises to be `F`.
        Some(address) => unsafe { transmute_copy(&address) },
    }
}
