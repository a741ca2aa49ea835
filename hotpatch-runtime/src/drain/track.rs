//! Where each thread is: the hot functions that it is inside, which only that thread writes.
//!
//! Hot functions may run in the global allocator, in signal handlers and in forked children. So nothing here takes a lock:
//! tracks are kept in a list without one, as words are, and whoever comes in while a thread gets its track is counted
//! instead.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, compiler_fence};

use crate::platform::thread_id;

/// As deep as functions are told from each other. A thread that is deeper counts as inside all of them.
const DEPTH: usize = 128;

/// The functions that one thread is inside, each known by the address of its entry or of its body as built. Tracks are
/// never freed. Each has lines of the cache of its own, in pairs, as processors fetch them: a thread writes it at every step.
#[repr(align(128))]
pub(super) struct Track {
    thread: AtomicU32,
    taken: AtomicBool,
    /// The track that was made before this one. Never changes once the track is in the list.
    next: AtomicPtr<Track>,
    depth: AtomicUsize,
    functions: [AtomicUsize; DEPTH],
}

static TRACKS: AtomicPtr<Track> = AtomicPtr::new(ptr::null_mut());

/// How many calls are inside something and have no track.
static HIDDEN: AtomicUsize = AtomicUsize::new(0);

/// Gives the track back when the thread ends.
struct Seat(&'static Track);

thread_local! {
    /// The track of this thread while it has one. It has no destructor.
    static TRACK: Cell<Option<&'static Track>> = const { Cell::new(None) };
    /// The share of this thread in [`HIDDEN`]. It has no destructor either.
    static HIDDEN_HERE: Cell<usize> = const { Cell::new(0) };
    /// Whether this thread is getting its track.
    static CHANGING: Cell<bool> = const { Cell::new(false) };
    static SEAT: Seat = Seat(Track::take());
}

impl Drop for Seat {
    fn drop(&mut self) {
        TRACK.set(None);
        // A thread that ends inside a function keeps its track: nothing ever leaves that function.
        if self.0.depth.load(Ordering::Relaxed) == 0 {
            // Release: pairs with the Acquire in `take`.
            self.0.taken.store(false, Ordering::Release);
        }
    }
}

/// The tracks of all threads.
pub(super) fn all() -> impl Iterator<Item = &'static Track> {
    // Acquire: pairs with the Release in `take`.
    let mut next = TRACKS.load(Ordering::Acquire);
    std::iter::from_fn(move || {
        // SAFETY: tracks are never freed, and were whole before they were put into the list.
        let track: &'static Track = unsafe { next.as_ref() }?;
        next = track.next.load(Ordering::Relaxed);
        Some(track)
    })
}

/// Whether this thread is inside a function, or cannot be told.
pub(super) fn is_inside(function: usize) -> bool {
    let track = TRACK.get();
    HIDDEN_HERE.get() > 0
        || track.is_some_and(|track| {
            let mut functions = track.functions();
            functions.any(|inside| inside.is_none_or(|inside| inside == function))
        })
}

/// How many calls are inside something that cannot be told.
pub(super) fn hidden() -> usize {
    // SeqCst: as in `Track::functions`.
    HIDDEN.load(Ordering::SeqCst)
}

/// In a forked child: the other threads are not part of it. Does only what may be done there.
pub(super) fn alone_in_child() {
    for track in all() {
        if TRACK.get().is_some_and(|mine| ptr::eq(mine, track)) {
            track.thread.store(thread_id(), Ordering::Relaxed);
        } else {
            track.depth.store(0, Ordering::Relaxed);
        }
    }
    HIDDEN.store(HIDDEN_HERE.get(), Ordering::Relaxed);
}

impl Track {
    fn take() -> &'static Self {
        let free = all().find(|track| {
            // Acquire: pairs with the Release in the drop of a seat.
            let swap = track
                .taken
                .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
            swap.is_ok()
        });
        if let Some(track) = free {
            // Relaxed: a reader of the number shows it, or compares it with its own.
            track.thread.store(thread_id(), Ordering::Relaxed);
            return track;
        }
        let track: &'static Self = Box::leak(Box::new(Self {
            thread: AtomicU32::new(thread_id()),
            taken: AtomicBool::new(true),
            next: AtomicPtr::new(ptr::null_mut()),
            depth: AtomicUsize::new(0),
            functions: [const { AtomicUsize::new(0) }; DEPTH],
        }));
        let mut first = TRACKS.load(Ordering::Relaxed);
        loop {
            track.next.store(first, Ordering::Relaxed);
            let pointer = ptr::from_ref(track).cast_mut();
            // SeqCst: it comes before the depth of the track, see the door; it also pairs with the Acquire in `all`.
            match TRACKS.compare_exchange_weak(first, pointer, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return track,
                Err(now) => first = now,
            }
        }
    }

    /// The track of this thread; `None` if it cannot have one now.
    fn of_this_thread() -> Option<&'static Self> {
        if let Some(track) = TRACK.get() {
            return Some(track);
        }
        if CHANGING.replace(true) {
            return None;
        }
        // A signal handler on this thread sees the flag for as long as the track is being taken.
        compiler_fence(Ordering::SeqCst);
        let track = SEAT.try_with(|seat| seat.0).ok();
        TRACK.set(track);
        compiler_fence(Ordering::SeqCst);
        CHANGING.set(false);
        track
    }

    pub(super) fn thread(&self) -> u32 {
        self.thread.load(Ordering::Relaxed)
    }

    /// The functions that the thread is inside, outermost first; `None` for those that are too deep to be told.
    pub(super) fn functions(&self) -> impl Iterator<Item = Option<usize>> {
        // SeqCst, both: they pair with the stores of `push`, and with those of the door, see there.
        let depth = self.depth.load(Ordering::SeqCst);
        let functions = self.functions.iter().take(depth);
        let functions = functions.map(|function| Some(function.load(Ordering::SeqCst)));
        functions.chain((depth > DEPTH).then_some(None))
    }

    /// Called by the thread of this track. Returns the depth outside.
    fn push(&self, function: usize) -> usize {
        // Relaxed: nobody else writes it.
        let depth = self.depth.load(Ordering::Relaxed);
        // First the place is taken and then it is named: a signal handler that comes between takes the next one.
        // SeqCst, both: the door is looked at after them, see there.
        self.depth.store(depth + 1, Ordering::SeqCst);
        if let Some(place) = self.functions.get(depth) {
            place.store(function, Ordering::SeqCst);
        }
        depth
    }
}

/// The thread is inside a function until the value is dropped.
pub(crate) struct Inside {
    /// The track, and the depth outside. `None` for a hidden call.
    place: Option<(&'static Track, usize)>,
}

impl Inside {
    pub(super) fn step(function: usize) -> Self {
        let place = Track::of_this_thread().map(|track| (track, track.push(function)));
        if place.is_none() {
            HIDDEN_HERE.set(HIDDEN_HERE.get() + 1);
            // SeqCst: as in `Track::push`.
            HIDDEN.fetch_add(1, Ordering::SeqCst);
        }
        Self { place }
    }

    /// Whether the thread was inside one of `functions` already. One that cannot be told was.
    pub(super) fn is_within(&self, is_one: impl Fn(usize) -> bool) -> bool {
        self.place.is_none_or(|(track, depth)| {
            let mut outside = track.functions().take(depth);
            outside.any(|function| function.is_none_or(&is_one))
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // Release: what the thread did inside is done before it is seen to have left.
        match self.place {
            Some((track, depth)) => track.depth.store(depth, Ordering::Release),
            None => {
                HIDDEN.fetch_sub(1, Ordering::Release);
                HIDDEN_HERE.set(HIDDEN_HERE.get() - 1);
            }
        }
    }
}
