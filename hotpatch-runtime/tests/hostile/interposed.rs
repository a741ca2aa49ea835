//! The moments around `dlopen`, at which no callback of the runtime is called.
//!
//! The symbol of the test program comes before that of the C library, so the runtime calls this one.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem;
use std::sync::{Arc, Mutex, OnceLock};

/// A moment of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

type Watcher = Arc<dyn Fn(Moment, &CStr) + Send + Sync>;

static WATCHER: Mutex<Option<Watcher>> = Mutex::new(None);

/// Calls `watcher` around every load from now on, or nobody.
pub(crate) fn watch(watcher: Option<Watcher>) {
    *WATCHER.lock().unwrap() = watcher;
}

type Dlopen = unsafe extern "C" fn(*const c_char, c_int) -> *mut c_void;

#[unsafe(no_mangle)]
extern "C" fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void {
    static REAL: OnceLock<Dlopen> = OnceLock::new();
    let real = REAL.get_or_init(|| {
        // SAFETY: the name is a C string, and the function of that name has this type.
        unsafe {
            let real = libc::dlsym(libc::RTLD_NEXT, c"dlopen".as_ptr());
            assert!(!real.is_null());
            mem::transmute::<*mut c_void, Dlopen>(real)
        }
    });
    let is_load = !path.is_null() && flags & libc::RTLD_NOLOAD == 0;
    let watcher = is_load.then(|| WATCHER.lock().unwrap().clone()).flatten();
    let tell = |moment| {
        if let Some(watcher) = &watcher {
            // SAFETY: whoever calls `dlopen` passes a C string.
            watcher(moment, unsafe { CStr::from_ptr(path) });
        }
    };
    tell(Moment::Before);
    // SAFETY: as promised to this function.
    let handle = unsafe { real(path, flags) };
    tell(Moment::After);
    handle
}
