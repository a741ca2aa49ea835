//! What a forked child makes of what its parent had: of all threads it has one.

use std::sync::Once;

use crate::{drain, scope, unload};

/// Has every forked child do what [`alone`] does.
pub(crate) fn note() {
    unsafe extern "C" fn in_child() {
        alone();
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler does only what may be done in a forked child.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

/// Forgets the other threads of the parent. Does only what may be done in a forked child, and may be done twice.
pub(crate) fn alone() {
    drain::alone_in_child();
    scope::alone_in_child();
    unload::alone_in_child();
}
