//! Which threads are in a scope: a word for each thread, which only that thread writes.
//!
//! Owns the protocol between a thread that enters and a writer that wants to free what was replaced, generic over the
//! fences so that the loom model runs this very code.
//!
//! # The protocol
//!
//! A thread that enters makes its word odd and then loads the live table; one that leaves makes it even. A writer
//! replaces the table, then asks every word. There is no fence between the store and the load of a thread that enters:
//! [`heavy_fence`] makes up for it on the side of the writer. `membarrier` brings every running thread of the process
//! to a full fence, at some point of what that thread does. If the thread had stored its word before that point, the
//! writer sees it. If it had not, its load comes after the point too, and finds the table that replaced the old one.
//!
//! Words count: a word that has changed since it was odd belongs to a scope that began later.

use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, heavy_fence, light_fence};

/// The word of one thread. Words are never freed, and on cache lines of their own: two, for processors that fetch pairs.
#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Word {
    /// Odd while the thread is in a scope.
    count: AtomicUsize,
    taken: AtomicBool,
    /// The number of the thread, for messages.
    thread: AtomicUsize,
    /// The word that was made before this one. Never changes once the word is in the list.
    next: AtomicPtr<Word>,
}

/// What a word is set to at the end of a scope.
#[derive(Clone, Copy)]
pub(crate) struct After(usize);

/// A word that was odd, and its count then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inside {
    word: &'static Word,
    count: usize,
}

impl Word {
    fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            taken: AtomicBool::new(true),
            thread: AtomicUsize::new(0),
            next: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// The thread is in a scope from now on: every table that it loads stays in memory until [`leave`](Self::leave).
    #[inline(always)]
    pub(crate) fn enter(&self) -> After {
        // Relaxed: nobody else writes it.
        let count = self.count.load(Ordering::Relaxed);
        if count % 2 == 1 {
            // A signal came while the thread was on its way in or out: its scope is around this one.
            return After(count);
        }
        // Release: pairs with the Acquire in `Inside::is_over`, which may see this store instead of the one that ended
        // the scope before. Light fence: pairs with the heavy one in `Words::inside`.
        self.count.store(count + 1, Ordering::Release);
        light_fence();
        After(count + 2)
    }

    /// Whether the thread is in a scope. It asks itself.
    pub(crate) fn is_inside(&self) -> bool {
        !self.count.load(Ordering::Relaxed).is_multiple_of(2)
    }

    /// The scope has ended.
    #[inline(always)]
    pub(crate) fn leave(&self, after: After) {
        // Release: pairs with the Acquire in `Words::inside` and `Inside::is_over`; what was read in the scope was read
        // before it is freed.
        self.count.store(after.0, Ordering::Release);
    }
}

impl Inside {
    /// Whether the scope that was seen has ended.
    pub(crate) fn is_over(&self) -> bool {
        // Acquire: pairs with the Release in `leave`.
        self.word.count.load(Ordering::Acquire) != self.count
    }

    /// The number of the thread.
    pub(crate) fn thread(&self) -> u32 {
        self.word.thread.load(Ordering::Relaxed) as u32
    }
}

/// The words of all threads.
pub(crate) struct Words(pub(crate) AtomicPtr<Word>);

impl Words {
    /// A word for this thread, whose number is `thread`: one that an ended thread left, or a new one.
    pub(crate) fn take(&self, thread: u32) -> &'static Word {
        let word = self.take_any();
        // Relaxed: a reader of the number shows it, and nothing more.
        word.thread.store(thread as usize, Ordering::Relaxed);
        word
    }

    fn take_any(&self) -> &'static Word {
        for word in self.iter() {
            // Acquire: pairs with the Release in `give_back`; we go on counting where the other thread stopped.
            let swap = word
                .taken
                .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
            if swap.is_ok() {
                return word;
            }
        }
        let word: &'static Word = Box::leak(Box::new(Word::new()));
        let mut first = self.0.load(Ordering::Relaxed);
        loop {
            word.next.store(first, Ordering::Relaxed);
            // Release: pairs with the Acquire in `iter`.
            match self.0.compare_exchange_weak(
                first,
                std::ptr::from_ref(word).cast_mut(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return word,
                Err(now) => first = now,
            }
        }
    }

    /// The thread of a word ends. A thread that ends inside a scope keeps it: nothing ever leaves that scope.
    pub(crate) fn give_back(word: &Word) {
        if word.count.load(Ordering::Relaxed).is_multiple_of(2) {
            // Release: pairs with the Acquire in `take`.
            word.taken.store(false, Ordering::Release);
        }
    }

    /// The scopes that are open now, as far as they may use what was replaced before this call. `None` if the fence
    /// failed, so that nothing is known.
    pub(crate) fn inside(&self) -> Option<Vec<Inside>> {
        // Pairs with the light fence in `enter`. A word that is added later belongs to a thread that loads later.
        if !heavy_fence() {
            return None;
        }
        let inside = self.iter().filter_map(|word| {
            // Acquire: pairs with the Release in `leave`.
            let count = word.count.load(Ordering::Acquire);
            (!count.is_multiple_of(2)).then_some(Inside { word, count })
        });
        Some(inside.collect())
    }

    /// In a forked child, whose only thread is `thread`, with the word `mine`: nobody else is in a scope.
    pub(crate) fn alone(&self, mine: &Word, thread: u32) {
        mine.thread.store(thread as usize, Ordering::Relaxed);
        for word in self.iter().filter(|word| !std::ptr::eq(*word, mine)) {
            // Relaxed: no other thread is there.
            let count = word.count.load(Ordering::Relaxed);
            word.count.store(count.next_multiple_of(2), Ordering::Relaxed);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &'static Word> {
        let mut next = self.0.load(Ordering::Acquire);
        std::iter::from_fn(move || {
            // SAFETY: words are never freed, and were whole before they were published.
            let word: &'static Word = unsafe { next.as_ref() }?;
            next = word.next.load(Ordering::Relaxed);
            Some(word)
        })
    }
}
