//! Whether images are unloaded at all.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::fork;
use crate::image;
use crate::report::Unload;

use super::keeper;

/// Relaxed: whoever looks too early looks again with the next commit.
static WHEN_QUIESCENT: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_on() -> bool {
    WHEN_QUIESCENT.load(Ordering::Relaxed)
}

/// Decides what becomes of patch images that are not needed any more. By default they stay in the process.
///
/// It counts for the images of patches that are applied from now on. [`images`](crate::images()) and `cargo hotpatch status`
/// say of each image why it is still in the process. [`Unload::Never`] has those stay that are not closed yet.
///
/// # Safety
///
/// With [`Unload::WhenQuiescent`], an image is unmapped when no generation that is live or kept needs it, no scope from
/// that time is open, no future is alive that its code made through a hot `async fn` or [`serve`](crate::serve()), and nobody
/// [holds](crate::hold) it. The runtime does not know of anything else, so for as long as it may be used, one of these must
/// be true of everything else that leads into an image:
///
/// - a reference to its read-only data: a `&'static str`, a constant, `Location::caller()`, and also the payload of a
///   `panic!("literal")`, which whoever catches it reads,
/// - a pointer to its code: a function pointer, a `Box<dyn Error>` and what else has a vtable, a waker, a callback given to a
///   library, the destructor of a thread-local or of an object that the new code made,
/// - a thread that new code started, and a task that it gave to an executor: both may run it outside of any
///   [`call`](crate::call), and the executor keeps the vtable of a task longer than its future,
/// - a reference to a static that a patch added. Its value is lost with the image; when the patch is applied again, it
///   begins with its initial value.
///
/// It is used inside a [`call`](crate::call) or a hot function that began before the image was left, it is gone before the
/// last kept generation that needs the image is, or it lives together with a [`Hold`](crate::Hold).
pub unsafe fn unload(policy: Unload) {
    let on = policy == Unload::WhenQuiescent;
    if on {
        image::count_uses();
    }
    fork::note();
    {
        // Whoever closes images has the list. So none is closed after they were told to stay.
        let _list = image::mapped();
        WHEN_QUIESCENT.store(on, Ordering::Relaxed);
    }
    keeper::look_again();
}
