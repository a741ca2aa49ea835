//! Who called: the addresses on the way from here to where the thread began, as unwinding finds them.

use std::ffi::{c_int, c_void};

/// As the unwinder of the platform names its answers.
const GO_ON: c_int = 0;
const STOP: c_int = 4;

// Part of the runtime of every program with unwinding tables; `std` links it.
unsafe extern "C" {
    fn _Unwind_Backtrace(
        visit: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        argument: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

struct Search<'a> {
    is_it: &'a dyn Fn(usize) -> bool,
    is_found: bool,
}

/// Whether a caller, near or far, has code at an address for which `is_it`. Code without unwinding tables is seen, but not
/// who called it.
pub(crate) fn any(is_it: &dyn Fn(usize) -> bool) -> bool {
    let mut search = Search {
        is_it,
        is_found: false,
    };
    // SAFETY: `visit` treats its argument as the search that it is, only during this call.
    unsafe { _Unwind_Backtrace(visit, (&raw mut search).cast()) };
    search.is_found
}

unsafe extern "C" fn visit(context: *mut c_void, search: *mut c_void) -> c_int {
    // SAFETY: the unwinder passes a context of its own, and `any` its search.
    let (address, search) = unsafe { (_Unwind_GetIP(context), &mut *search.cast::<Search>()) };
    // It is where the caller goes on, which may be behind its last instruction.
    search.is_found = (search.is_it)(address.wrapping_sub(1));
    if search.is_found { STOP } else { GO_ON }
}
