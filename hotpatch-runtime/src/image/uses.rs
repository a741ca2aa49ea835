//! What uses an image besides the tables: handles of the program, and futures that its code made.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::resident::{Image, mapped};
use crate::platform::Program;
use crate::presence::Inside;
use crate::report::Thread;
use crate::scope::Scope;
use crate::table::Table;

/// Whether images may be closed, so that their users have to be counted. Relaxed: an image tells whether it was loaded
/// before, and then it is never closed.
static COUNTING: AtomicBool = AtomicBool::new(false);

/// The users of one image.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// Whether its futures were counted from the first one on.
    pub(crate) counted: bool,
    handles: AtomicUsize,
    futures: AtomicUsize,
    departure: OnceLock<Departure>,
    /// Whether it is still in the live table for nothing but futures.
    for_futures: AtomicBool,
}

/// The scopes that were open when an image left the live table; `None` if that could not be told.
type Departure = Option<Vec<Inside>>;

impl Uses {
    /// Those of an image that nobody can have used yet.
    pub(super) fn of_new_image() -> Self {
        Self {
            counted: COUNTING.load(Ordering::Relaxed),
            ..Self::default()
        }
    }

    pub(crate) fn handles(&self) -> usize {
        // Acquire: pairs with the Release in `Use::drop`; what a user did is done before the image is closed.
        self.handles.load(Ordering::Acquire)
    }

    pub(crate) fn futures(&self) -> usize {
        // Acquire: as above.
        self.futures.load(Ordering::Acquire)
    }

    /// The image has left the live table, while these scopes were open.
    pub(crate) fn depart(&self, open: Departure) {
        // It leaves once.
        let _ = self.departure.set(open);
    }

    /// Whether it stays in the live table for nothing but futures. Relaxed: whoever asks too early asks again.
    pub(crate) fn linger(&self, for_futures: bool) {
        self.for_futures.store(for_futures, Ordering::Relaxed);
    }

    /// Whether it waits for something that ends without telling. A handle does tell.
    pub(crate) fn lingers(&self) -> bool {
        self.for_futures.load(Ordering::Relaxed) || (self.has_departed() && self.handles() == 0)
    }

    pub(crate) fn has_departed(&self) -> bool {
        self.departure.get().is_some()
    }

    /// The threads whose scopes were open when the image left, and still are.
    pub(crate) fn calls(&self) -> Vec<Thread> {
        let open = self.departure.get().and_then(Option::as_ref);
        open.into_iter()
            .flatten()
            .filter(|scope| !scope.is_over())
            .map(|scope| Thread::of(scope.thread()))
            .collect()
    }
}

/// From now on the users of images that are loaded are counted.
pub(crate) fn count() {
    COUNTING.store(true, Ordering::Relaxed);
}

/// What uses an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Handle,
    Future,
}

/// One use of an image, which keeps it in the process until it is dropped.
#[derive(Debug)]
pub(crate) struct Use {
    image: Arc<Image>,
    kind: Kind,
}

impl Use {
    pub(crate) fn of(image: Arc<Image>, kind: Kind) -> Self {
        // Relaxed: the image is alive, and whoever closes it has seen that nobody else can reach it.
        image.uses.count_of(kind).fetch_add(1, Ordering::Relaxed);
        Self { image, kind }
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        // Release: pairs with the Acquire in `Uses`.
        self.image
            .uses
            .count_of(self.kind)
            .fetch_sub(1, Ordering::Release);
    }
}

impl Uses {
    fn count_of(&self, kind: Kind) -> &AtomicUsize {
        match kind {
            Kind::Handle => &self.handles,
            Kind::Future => &self.futures,
        }
    }
}

/// The use that a future makes of the image whose code made it; `None` if that is the program itself, or if images are
/// not closed.
pub(crate) fn by_future(code: usize) -> Option<Use> {
    if !COUNTING.load(Ordering::Relaxed) || Program::get().contains(code) {
        return None;
    }
    let scope = Scope::open();
    let find = |images: &[Arc<Image>]| images.iter().rev().find(|image| image.contains(code)).cloned();
    // Code that runs to its end may make a future after its image has left the table.
    let image = find(&Table::live(&scope).images).or_else(|| find(&mapped()))?;
    Some(Use::of(image, Kind::Future))
}
