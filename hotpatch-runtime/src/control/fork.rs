//! The channel of a forked child: it has no server thread, so it opens a channel of its own at its next safe point.
//!
//! Between `fork` and that point hardly anything may be done, and nothing is: a child that calls `exec`, or that never
//! comes to a safe point, has no thread more than it expects. A child whose parent was in the middle of a commit takes no
//! patches: it inherited locks that nobody opens any more.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{private, server, wake};
use crate::{drain, event, fork, history, image, lineage, registry, scope, state, unload};

/// Where children open their channels.
#[derive(Debug)]
pub(super) struct Place {
    /// The control directory: an absolute path.
    pub(super) folder: PathBuf,
    pub(super) token: String,
}

static PLACE: OnceLock<Place> = OnceLock::new();

/// Whether this is a forked child that has not looked for its channel yet. Relaxed: a child begins with one thread.
static FORKED: AtomicBool = AtomicBool::new(false);

/// Has every forked child close what it has of this channel, and open one in the same place.
pub(super) fn note(place: Place) {
    if PLACE.set(place).is_ok() {
        // SAFETY: the handler does only what may be done in a forked child.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    }
}

unsafe extern "C" fn in_child() {
    private::close_in_child();
    wake::forget_in_child();
    fork::alone();
    let locks = [
        drain::is_free,
        event::is_free,
        registry::is_free,
        history::is_free,
        image::is_free,
        lineage::is_free,
        state::is_free,
        unload::is_free,
    ];
    if locks.iter().all(|is_free| is_free()) {
        FORKED.store(true, Ordering::Relaxed);
        scope::note_fork();
    }
}

/// Opens the channel of a forked child. Called at safe points, where the program expects that memory is allocated.
pub(crate) fn reopen() {
    if FORKED.load(Ordering::Relaxed)
        && FORKED.swap(false, Ordering::Relaxed)
        && let Some(place) = PLACE.get()
    {
        server::open_in(place);
    }
}
