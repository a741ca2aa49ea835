//! The protection of a call: while a thread is in a scope, the tables it can load stay in memory.
//!
//! A scope is the whole of an outermost `hotpatch::call`, or of a hot function called outside one. The thread announces
//! it in a word of its own, see [`presence`](crate::presence). What it delays is a few kilobytes for each commit that
//! happens while it is open: a hot function that never returns costs that and nothing more. Patch images stay resident
//! whatever the scopes do.
//!
//! # Scopes without a word
//!
//! Where the kernel cannot put a fence into other threads, a scope pins the thread in an epoch of our own collector.
//!
//! Getting a word, pinning and its end may allocate, and a signal may come in the middle of them. If the allocator of
//! the program or the handler of the signal calls a hot function there, its scope is counted instead, and while the
//! count is not zero no table is freed. The same goes for a thread whose locals are being destroyed, which has neither
//! a word nor a participant any more.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, compiler_fence, fence};
use std::sync::{Arc, OnceLock};

use crossbeam_epoch::{Collector, Guard, LocalHandle};

use crate::control;
use crate::drain;
use crate::live::Live;
use crate::platform::{membarrier, thread_id};
use crate::presence::{After, Inside, Word, Words};
use crate::table::{self, Table};

thread_local! {
    /// Where this thread is. It has no destructor, so it outlives the thread's other locals.
    static HERE: Cell<Here> = const { Cell::new(Here::OUTSIDE) };
    /// The word of this thread while it has one. It has no destructor either.
    static WORD: Cell<Option<&'static Word>> = const { Cell::new(None) };
    /// Whether this thread is on its way into or out of its outermost scope.
    static CHANGING: Cell<bool> = const { Cell::new(false) };
    /// Gives the word back when the thread ends.
    static SEAT: Seat = Seat(WORDS.take(thread_id()));
    static PARTICIPANT: LocalHandle = collector().register();
}

static WORDS: Words = Words(AtomicPtr::new(ptr::null_mut()));

/// How many counted scopes are open in the process.
static COUNTED: AtomicUsize = AtomicUsize::new(0);

struct Seat(&'static Word);

impl Drop for Seat {
    fn drop(&mut self) {
        WORD.set(None);
        Words::give_back(self.0);
    }
}

/// Our collector. Made when the first scope opens that needs it.
fn collector() -> &'static Collector {
    static COLLECTOR: OnceLock<Collector> = OnceLock::new();
    COLLECTOR.get_or_init(Collector::new)
}

/// What a thread loads its table from: the live one, or the one that a consistent scope began with.
pub(crate) type Source = Live<Table>;

/// Where a thread is: outside of all scopes, or in one, with what it loads its table from, and with whether the functions
/// that it enters are [tracked](crate::drain).
///
/// A null pointer, or a pointer whose highest bit is set in a scope that is tracked, or that stays with an earlier table:
/// no address of a program has it. So "in a scope of the live table, and nothing else to do" is one comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Here(*const Source);

const UNUSUAL: usize = 1 << (usize::BITS - 1);
const TRACKED: usize = 1 << (usize::BITS - 2);

impl Here {
    const OUTSIDE: Self = Self(ptr::null());

    /// In a scope that has just begun.
    #[inline(always)]
    fn entered() -> Self {
        let here = &raw const table::LIVE;
        // After the scope was announced: see `drain::is_on`.
        if drain::is_on() {
            Self(here.map_addr(|address| address | UNUSUAL | TRACKED))
        } else {
            Self(here)
        }
    }

    /// The same, with another source.
    fn with(self, source: *const Source) -> Self {
        Self(source.map_addr(|address| address | UNUSUAL | self.0.addr() & TRACKED))
    }

    /// Where the live table is, if the thread is in a scope that loads it from there and that is not tracked.
    #[inline(always)]
    pub(crate) fn usual(self) -> Option<*const Source> {
        (self.0.addr().cast_signed() > 0).then_some(self.0)
    }

    #[inline(always)]
    pub(crate) fn is_outside(self) -> bool {
        self.0.is_null()
    }

    #[inline(always)]
    pub(crate) fn is_tracked(self) -> bool {
        self.0.addr() & TRACKED != 0
    }

    /// What the thread loads its table from; null if it is in no scope.
    #[inline(always)]
    pub(crate) fn source(self) -> *const Source {
        self.0.map_addr(|address| address & !(UNUSUAL | TRACKED))
    }
}

/// An open scope of this thread.
pub(crate) struct Scope {
    /// Held by the outermost scope; the ones inside rely on it.
    protection: Option<Protection>,
    before: Here,
}

/// What keeps the tables in memory.
enum Protection {
    Announced(&'static Word, After),
    Pinned(#[expect(dead_code, reason = "held, not read")] Guard),
    Counted,
}

impl Scope {
    /// Where this thread is.
    #[inline(always)]
    pub(crate) fn here() -> Here {
        HERE.get()
    }

    /// Opens a scope, which ends when the value is dropped.
    #[inline]
    pub(crate) fn open() -> Self {
        Self::open_or(protect_without_word)
    }

    /// Opens the scope of a safe point.
    #[inline]
    pub(crate) fn at_safe_point() -> Self {
        Self::open_or(protect_after_fork)
    }

    #[inline(always)]
    fn open_or(without_word: fn() -> Protection) -> Self {
        let before = HERE.get();
        let mut protection = None;
        if before.is_outside() {
            protection = Some(match WORD.get() {
                Some(word) => Protection::Announced(word, word.enter()),
                None => without_word(),
            });
            HERE.set(Here::entered());
        }
        Self { protection, before }
    }

    /// A guard of our collector, for deferring garbage.
    pub(crate) fn pin(&self) -> Guard {
        pin()
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        HERE.set(self.before);
        match &self.protection {
            None => {}
            Some(Protection::Announced(word, after)) => word.leave(*after),
            Some(_) => self.end_without_word(),
        }
    }
}

/// One table for everything that this thread does from now on, until the value is dropped. Inside a scope.
pub(crate) struct Consistent<'a> {
    before: Here,
    _table: PhantomData<&'a Source>,
}

impl<'a> Consistent<'a> {
    /// `source` holds the table, which the surrounding scope keeps. A thread that is consistent already stays with the
    /// table that it has.
    pub(crate) fn begin(source: &'a Source) -> Self {
        let before = HERE.get();
        if ptr::eq(before.source(), &raw const table::LIVE) {
            HERE.set(before.with(source));
        }
        Self {
            before,
            _table: PhantomData,
        }
    }
}

impl Drop for Consistent<'_> {
    fn drop(&mut self) {
        HERE.set(self.before);
    }
}

impl Scope {
    #[cold]
    fn end_without_word(&mut self) {
        let before = CHANGING.replace(true);
        compiler_fence(Ordering::SeqCst);
        self.protection = None;
        compiler_fence(Ordering::SeqCst);
        CHANGING.set(before);
    }
}

/// An outermost scope of a thread that has a word: a [`Scope`] without its cases, for hot functions called outside one.
pub(crate) struct Announced {
    word: &'static Word,
    after: After,
    here: Here,
}

impl Announced {
    /// Opens it, if the thread has a word. The thread is in no scope.
    #[inline(always)]
    pub(crate) fn outermost() -> Option<Self> {
        let word = WORD.get()?;
        let after = word.enter();
        let here = Here::entered();
        HERE.set(here);
        Some(Self { word, after, here })
    }

    /// Where the thread is now. To ask [`Scope::here`] would cost the way through memory.
    #[inline(always)]
    pub(crate) fn here(&self) -> Here {
        self.here
    }
}

impl Drop for Announced {
    #[inline(always)]
    fn drop(&mut self) {
        HERE.set(Here::OUTSIDE);
        self.word.leave(self.after);
    }
}

/// The word of this thread, if it has one.
#[inline(always)]
pub(crate) fn word() -> Option<&'static Word> {
    WORD.get()
}

/// In a forked child: no other thread is in a scope. Does only what may be done there.
pub(crate) fn alone_in_child() {
    if let Some(word) = WORD.get() {
        WORDS.alone(word, thread_id());
    }
}

/// Has this thread, the only one of a forked child, look for what it lost at its next safe point. Sets a word of its own,
/// so it may be called in the child.
pub(crate) fn note_fork() {
    WORD.set(None);
}

#[cold]
#[inline(never)]
fn protect_after_fork() -> Protection {
    control::reopen();
    protect_without_word()
}

#[cold]
#[inline(never)]
fn protect_without_word() -> Protection {
    if !CHANGING.replace(true) {
        // A signal handler on this thread sees the flag for as long as the participant is at work.
        compiler_fence(Ordering::SeqCst);
        let protection = if membarrier::available() {
            SEAT.try_with(|seat| {
                WORD.set(Some(seat.0));
                Protection::Announced(seat.0, seat.0.enter())
            })
        } else {
            PARTICIPANT.try_with(|participant| Protection::Pinned(participant.pin()))
        };
        compiler_fence(Ordering::SeqCst);
        CHANGING.set(false);
        if let Ok(protection) = protection {
            return protection;
        }
    }
    // Relaxed: the fence orders it. SeqCst fence: pairs with the one in `open_scopes`. Either that one comes first, and
    // we load the table that replaced the one to be freed, or it sees our count.
    COUNTED.fetch_add(1, Ordering::Relaxed);
    fence(Ordering::SeqCst);
    Protection::Counted
}

impl Drop for Protection {
    fn drop(&mut self) {
        if let Self::Counted = self {
            // Release: pairs with the Acquire in `open_scopes`; what we read was read before it is freed.
            COUNTED.fetch_sub(1, Ordering::Release);
        }
    }
}

/// Carries the epoch on, as far as pinned threads allow, so that what was given to it is reclaimed.
pub(crate) fn advance_epoch() {
    // What is deferred in one epoch may be reclaimed two epochs later.
    for _ in 0..3 {
        pin().flush();
    }
}

fn pin() -> Guard {
    PARTICIPANT
        .try_with(LocalHandle::pin)
        .unwrap_or_else(|_| collector().register().pin())
}

/// The scopes without a word that were open at a moment.
pub(crate) struct Since {
    /// Set when the epoch of that moment is over, and with it every pinned scope.
    epoch: Arc<AtomicBool>,
    no_counted: bool,
}

impl Since {
    /// Whether all of them have ended. It is found out by asking.
    pub(crate) fn is_over(&mut self) -> bool {
        // Acquire: pairs with the Release in the drop of a protection. A moment without any is enough.
        self.no_counted |= COUNTED.load(Ordering::Acquire) == 0;
        if !self.epoch.load(Ordering::Relaxed) {
            advance_epoch();
        }
        self.no_counted && self.epoch.load(Ordering::Relaxed)
    }
}

/// The scopes that are open now: the announced ones, if the kernel tells, and the others.
pub(crate) fn open_now() -> (Option<Vec<Inside>>, Since) {
    let epoch = Arc::new(AtomicBool::new(false));
    let over = epoch.clone();
    // Pinning has the fence after which threads that pin themselves see what was written before.
    let guard = pin();
    guard.defer(move || over.store(true, Ordering::Relaxed));
    guard.flush();
    let others = Since {
        epoch,
        no_counted: false,
    };
    // SeqCst fence: pairs with the one in `protect_without_word`.
    fence(Ordering::SeqCst);
    let announced = if membarrier::available() {
        WORDS.inside()
    } else {
        Some(Vec::new())
    };
    (announced, others)
}

/// The announced scopes that may use what was replaced before this call. `None` if others may, which cannot be told
/// apart: then nothing may be freed yet. Pinned scopes are the business of the epoch.
pub(crate) fn open_scopes() -> Option<Vec<Inside>> {
    // SeqCst fence: pairs with the one in `protect_without_word`.
    fence(Ordering::SeqCst);
    // Acquire: pairs with the Release in the drop of a protection.
    if COUNTED.load(Ordering::Acquire) != 0 {
        return None;
    }
    if membarrier::available() {
        WORDS.inside()
    } else {
        Some(Vec::new())
    }
}
