//! Where each thread is: the hot functions that it is inside, which only that thread writes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::platform::thread_id;

/// As deep as functions are told from each other. A thread that is deeper counts as inside all of them.
const DEPTH: usize = 128;

/// The functions that one thread is inside, each known by the address of its entry or of its body as built.
pub(super) struct Track {
    pub(super) thread: u32,
    depth: AtomicUsize,
    functions: [AtomicUsize; DEPTH],
}

static TRACKS: Mutex<Vec<Arc<Track>>> = Mutex::new(Vec::new());

/// How many threads are inside something and have no track: their locals are being destroyed.
static HIDDEN: AtomicUsize = AtomicUsize::new(0);

/// The track of a living thread.
struct Seat(Arc<Track>);

thread_local! {
    static SEAT: Seat = Seat(Track::register());
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock().retain(|track| !Arc::ptr_eq(track, &self.0));
    }
}

fn lock() -> MutexGuard<'static, Vec<Arc<Track>>> {
    TRACKS.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn is_free() -> bool {
    TRACKS.try_lock().is_ok()
}

/// The tracks of all threads.
pub(super) fn all() -> Vec<Arc<Track>> {
    lock().clone()
}

/// How many threads are inside something that cannot be told.
pub(super) fn hidden() -> usize {
    // SeqCst: as in `Track::functions`.
    HIDDEN.load(Ordering::SeqCst)
}

impl Track {
    fn register() -> Arc<Self> {
        let track = Arc::new(Self {
            thread: thread_id(),
            depth: AtomicUsize::new(0),
            functions: [const { AtomicUsize::new(0) }; DEPTH],
        });
        lock().push(track.clone());
        track
    }

    /// The functions that the thread is inside, outermost first; `None` for those that are too deep to be told.
    pub(super) fn functions(&self) -> Vec<Option<usize>> {
        // SeqCst: pairs with the stores of `push` and with those of the door, see there.
        let depth = self.depth.load(Ordering::SeqCst);
        // Relaxed: written before the depth that covers them.
        let functions = self.functions.iter().take(depth);
        let functions = functions.map(|function| Some(function.load(Ordering::Relaxed)));
        functions.chain((depth > DEPTH).then_some(None)).collect()
    }

    /// Called by the thread of this track.
    fn push(&self, function: usize) -> usize {
        // Relaxed: nobody else writes it.
        let depth = self.depth.load(Ordering::Relaxed);
        if let Some(place) = self.functions.get(depth) {
            place.store(function, Ordering::Relaxed);
        }
        // SeqCst: the door is looked at after this, see there.
        self.depth.store(depth + 1, Ordering::SeqCst);
        depth
    }
}

/// The thread is inside a function until the value is dropped.
pub(crate) struct Inside {
    /// The track, and the depth outside. `None` for a hidden thread.
    place: Option<(Arc<Track>, usize)>,
}

impl Inside {
    pub(super) fn step(function: usize) -> Self {
        let place = SEAT.try_with(|seat| (seat.0.clone(), seat.0.push(function))).ok();
        if place.is_none() {
            // SeqCst: as in `Track::push`.
            HIDDEN.fetch_add(1, Ordering::SeqCst);
        }
        Self { place }
    }

    /// Whether the thread was inside one of `functions` already. One that cannot be told was.
    pub(super) fn is_within(&self, is_one: impl Fn(usize) -> bool) -> bool {
        self.place.as_ref().is_none_or(|(track, depth)| {
            let outside = track.functions().into_iter().take(*depth);
            outside.into_iter().any(|function| function.is_none_or(&is_one))
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // Release: what the thread did inside is done before it is seen to have left.
        match &self.place {
            Some((track, depth)) => track.depth.store(*depth, Ordering::Release),
            None => drop(HIDDEN.fetch_sub(1, Ordering::Release)),
        }
    }
}
