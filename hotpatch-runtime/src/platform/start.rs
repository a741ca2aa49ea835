//! The constructor through which a process attaches by itself, before `main`.

use std::panic::catch_unwind;

/// The loader runs this before `main`. Marked as used, so it is linked into every program that has the runtime in it.
#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = {
    extern "C" fn start() {
        // A panic must not cross into the loader; its message has been printed.
        let _ = catch_unwind(|| {
            crate::history::keep_as_asked();
            // SAFETY: the loader runs constructors on the one thread of the process; the thread of the control channel
            // is started below. A constructor that started another one before this breaks what the loader promises.
            unsafe { crate::first_patch::take() };
            crate::control::open();
        });
    }
    start
};
