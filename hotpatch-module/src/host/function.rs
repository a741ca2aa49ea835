//! The handle of a function: valid across all changes of the module behind it.

use std::ffi::c_void;
use std::fmt;
use std::sync::Arc;

use hotpatch_runtime::module_host::{self, Scope, Unnoticed};

use crate::host::backend::Entry;
use crate::host::call_error::CallError;
use crate::host::inside;
use crate::host::shared::Shared;
use crate::host::table::{Place, Slot, UNAVAILABLE};

/// A function of a host, whichever module offers it at the moment of a call.
///
/// A call goes to the module that is loaded when it begins, else to the fallback, else it is an error. What it goes to
/// stays in memory until it has ended. Cheapest are calls inside of `hotpatch::call`.
#[derive(Clone)]
pub struct Function {
    host: Arc<Shared>,
    slot: Slot,
    place: Place,
    name: Arc<str>,
    /// The first of the tables in which its types are known to be those of a contract.
    since: u64,
}

impl Function {
    pub(super) fn new(host: Arc<Shared>, slot: Slot, name: Arc<str>, since: u64) -> Self {
        Self {
            host,
            place: slot.into(),
            slot,
            name,
            since,
        }
    }

    /// The full name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a call would go anywhere now: a loaded module offers the function, or it has a fallback.
    pub fn is_available(&self) -> bool {
        let _scope = Scope::open();
        let entry = self.entry_slowly();
        !std::ptr::fn_addr_eq(entry.function, UNAVAILABLE.function)
    }

    /// Calls the function.
    ///
    /// # Errors
    ///
    /// Nobody offers the function, or it gave back a status that is not 0.
    ///
    /// # Safety
    ///
    /// `input` and `output` point to values of the types that whatever the function goes to takes: the module that is loaded,
    /// or the fallback.
    #[inline]
    pub unsafe fn call(&self, input: *const c_void, output: *mut c_void) -> Result<(), CallError> {
        // SAFETY: promised by the caller.
        match unsafe { self.call_for_status(input, output) } {
            0 => Ok(()),
            status => Err(CallError::from_status(&self.name, status)),
        }
    }

    /// As [`call`](Self::call), and gives back the status as it is.
    ///
    /// # Safety
    ///
    /// As for [`call`](Self::call).
    #[inline]
    pub unsafe fn call_for_status(&self, input: *const c_void, output: *mut c_void) -> i32 {
        if !module_host::is_in_usual_scope() {
            unlikely();
            // SAFETY: promised by the caller.
            return unsafe { self.call_from_elsewhere(input, output) };
        }
        // SAFETY: promised by the caller, and the thread is in a scope.
        unsafe { self.run_live(input, output) }
    }

    /// From outside of any scope, or from where there is more to do.
    ///
    /// # Safety
    ///
    /// As for [`call`](Self::call).
    #[inline(never)]
    unsafe fn call_from_elsewhere(&self, input: *const c_void, output: *mut c_void) -> i32 {
        if let Some(scope) = Unnoticed::open() {
            // SAFETY: promised by the caller, and the thread is in a scope.
            let status = unsafe { self.run_live(input, output) };
            scope.close();
            status
        } else {
            // SAFETY: promised by the caller.
            unsafe { self.call_slowly(input, output) }
        }
    }

    /// For threads that are about to get a word, calls from inside of others, and scopes that are tracked or stay with an
    /// earlier table.
    ///
    /// # Safety
    ///
    /// As for [`call`](Self::call).
    #[inline(never)]
    unsafe fn call_slowly(&self, input: *const c_void, output: *mut c_void) -> i32 {
        let _scope = Scope::open();
        let Entry { function, context } = self.entry_slowly();
        // SAFETY: promised by the caller, and the thread is in a scope that keeps what the entry leads to.
        unsafe { function(context, input, output) }
    }

    /// What a call goes to, wherever the thread is. It is in a scope.
    fn entry_slowly(&self) -> Entry {
        match inside::stays_with(&raw const *self.host) {
            // SAFETY: the thread stays with the table, so it is in memory.
            Some(table) => unsafe { &*table }.entry(self.slot, self.since),
            // SAFETY: the thread is in a scope, and the slot was given when the handle was made.
            None => unsafe { self.host.live.entry(self.place) },
        }
    }

    /// # Safety
    ///
    /// As for [`call`](Self::call), and the thread is in a scope.
    #[inline(always)]
    unsafe fn run_live(&self, input: *const c_void, output: *mut c_void) -> i32 {
        // SAFETY: the thread is in a scope, and the slot was given when the handle was made.
        let Entry { function, context } = unsafe { self.host.live.entry(self.place) };
        // SAFETY: promised by the caller, and the scope keeps what the entry leads to.
        unsafe { function(context, input, output) }
    }
}

/// Tells the compiler that the branch that calls it is not the usual one, which then has no jump.
#[cold]
#[inline(always)]
fn unlikely() {}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Function").field(&self.name).finish()
    }
}
