//! What a program can observe of its own patching.
//!
//! Owns the turn of appliers: one patch is offered at a time, and its event has been seen by every callback before
//! the next one is looked at.

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::changed;
use crate::refusal::{Refusal, refuse};
use crate::report::{Event, Preparing};
use crate::unload;

type Callback = Arc<dyn Fn(&Event) + Send + Sync>;

static CALLBACKS: Mutex<Vec<Callback>> = Mutex::new(Vec::new());
static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Calls `callback` on every event from now on, on the thread that offered the patch.
///
/// The callback may ask for [`generation`](crate::generation()) and [`functions`](crate::functions), and call hot
/// functions; it cannot apply a patch itself, nor wait for a thread that does. A panic in it is contained and reported by the panic hook.
pub fn on_event(callback: impl Fn(&Event) + Send + Sync + 'static) {
    CALLBACKS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Arc::new(callback));
}

/// Whether this thread runs a callback.
pub(crate) fn in_callback() -> bool {
    IN_CALLBACK.get()
}

/// The right to offer a patch.
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

/// Whether nobody has the turn, or is about to add a callback.
pub(crate) fn is_free() -> bool {
    TURN.try_lock().is_ok() && CALLBACKS.try_lock().is_ok()
}

impl Turn {
    /// Waits until no other patch is being offered.
    pub(crate) fn wait() -> Result<Self, Refusal> {
        if in_callback() {
            refuse!(
                BUSY,
                "nothing can be applied or rolled back from inside an event callback; do it from another thread, or after the callback has returned"
            );
        }
        Ok(Self(TURN.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Asks the callbacks whether something may become live.
    pub(crate) fn prepare(&self, preparing: impl FnOnce() -> Preparing) -> Result<(), Refusal> {
        let mut asked = None;
        self.emit(|| Event::Preparing(asked.insert(preparing()).clone()));
        match asked.and_then(|preparing| preparing.reason()) {
            Some(reason) => refuse!(VETO, "the program said no: {reason}"),
            None => Ok(()),
        }
    }

    /// Ends with this outcome: tidies up, tells the callbacks, and, when somebody else may have the turn, those who wait for
    /// a change. Wakers are code of the program, which may do anything, so no lock is held then.
    pub(crate) fn end<T: Clone>(
        self,
        outcome: &Result<T, Refusal>,
        event: fn(T) -> Event,
        generation: fn(&T) -> u64,
    ) {
        unload::tidy(&self);
        self.emit(|| match outcome {
            Ok(done) => event(done.clone()),
            Err(refusal) => Event::Refused(refusal.clone()),
        });
        drop(self);
        if let Ok(done) = outcome {
            changed::tell(generation(done));
        }
    }

    /// Tells the callbacks, if there are any.
    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        let callbacks = CALLBACKS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if callbacks.is_empty() {
            return;
        }
        let event = event();
        IN_CALLBACK.set(true);
        for callback in callbacks {
            // The panic hook has printed the panic; the commit is complete, whatever the callback left undone.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| callback(&event))) {
                // Its destructor could panic too, and so could that of what it throws.
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                    mem::forget(payload);
                }
            }
        }
        IN_CALLBACK.set(false);
    }
}
