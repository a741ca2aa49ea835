//! A model of publication and reclamation, checked over every order of events that loom can tell apart:
//!
//! ```text
//! RUSTFLAGS="--cfg crossbeam_loom" LOOM_MAX_PREEMPTIONS=2 cargo test --release -p hotpatch-runtime --test loom
//! ```
//!
//! It runs the protocols themselves, `src/live.rs` and `src/presence.rs`, over loom's atomics and over crossbeam's epochs
//! compiled for loom. The fence that a writer puts into other threads stands here as a fence of each: loom knows no other.
//! What is modelled by hand is small and stands here: the slot of an entry with the orderings of `Entry::slot` and
//! `Entry::assign`, and a table whose cells loom watches, so that a read that races with its release is an error.
#![cfg(crossbeam_loom)]

#[path = "../src/live.rs"]
mod live;
#[path = "../src/presence.rs"]
mod presence;

mod sync {
    use loom::sync::atomic::fence;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

    pub(crate) fn light_fence() {
        fence(Ordering::SeqCst);
    }

    pub(crate) fn heavy_fence() -> bool {
        fence(Ordering::SeqCst);
        true
    }
}

use crossbeam_epoch::{Collector, Guard};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use live::Live;
use presence::{Inside, Words};

/// A table that knows whether it was freed, and whose every access loom sees.
struct Table {
    generation: u64,
    cells: Vec<UnsafeCell<u64>>,
}

impl Table {
    /// A table in which every function runs the code of `generation`.
    fn boxed(generation: u64, slots: usize) -> *mut Self {
        Self::running(generation, generation, slots)
    }

    /// A table in which every function runs `code`: that of an earlier generation, after a roll-back.
    fn running(generation: u64, code: u64, slots: usize) -> *mut Self {
        let cells: Vec<UnsafeCell<u64>> = (0..slots).map(|_| UnsafeCell::new(0)).collect();
        for cell in &cells {
            // SAFETY: nobody else has the cell yet. Loom fails if a reader is not ordered after this write.
            cell.with_mut(|cell| unsafe { *cell = code });
        }
        Box::into_raw(Box::new(Self { generation, cells }))
    }

    fn cell(&self, slot: usize) -> u64 {
        // SAFETY: cells are written by `boxed` and by `free` only; loom fails if one is concurrent.
        self.cells[slot].with(|cell| unsafe { *cell })
    }

    /// # Safety
    ///
    /// `table` came from `boxed` and is not used any more.
    unsafe fn free(table: *mut Self) {
        // SAFETY: promised by the caller.
        let table = unsafe { Box::from_raw(table) };
        for cell in &table.cells {
            // SAFETY: the table is ours alone; loom fails if a reader is concurrent.
            cell.with_mut(|cell| unsafe { *cell = u64::MAX });
        }
    }
}

struct Process {
    live: Live<Table>,
    collector: Collector,
    slot: AtomicUsize,
}

impl Process {
    fn new() -> Arc<Self> {
        let live = Live(sync::AtomicPtr::new(Table::boxed(0, 1)));
        Arc::new(Self {
            live,
            collector: Collector::new(),
            slot: AtomicUsize::new(0),
        })
    }

    fn table<'a>(&self, _guard: &'a Guard) -> &'a Table {
        // SAFETY: the table is published, and the guard protects it.
        unsafe { &*self.live.get() }
    }

    /// Publishes a table as the runtime does: it is made while the thread is pinned already, so that no fence of the
    /// epoch stands between its making and the swap.
    fn publish(&self, generation: u64, slots: usize) {
        let handle = self.collector.register();
        let guard = handle.pin();
        let table = Table::boxed(generation, slots);
        // SAFETY: the table is new and whole, readers are pinned, and `free` may run anywhere.
        unsafe { self.live.replace(&guard, table, Table::free) };
        drop(guard);
        // Pushes the epoch on, so that the model does reclaim.
        for _ in 0..3 {
            handle.pin().flush();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SAFETY: nobody else is left.
        unsafe { Table::free(self.live.get().cast_mut()) };
    }
}

#[test]
fn a_reader_sees_whole_tables_that_are_not_freed_and_never_go_backwards() {
    loom::model(|| {
        let process = Process::new();
        let reader = thread::spawn({
            let process = process.clone();
            move || {
                let handle = process.collector.register();
                let guard = handle.pin();
                let first = process.table(&guard);
                assert_eq!(first.cell(0), first.generation);
                let second = process.table(&guard);
                assert!(second.generation >= first.generation);
                assert_eq!(second.cell(0), second.generation);
                assert_eq!(
                    first.cell(0),
                    first.generation,
                    "the old table is kept for as long as the scope"
                );
            }
        });
        process.publish(1, 1);
        reader.join().unwrap();
    });
}

#[test]
fn a_slot_is_always_covered_by_the_table_read_after_it() {
    loom::model(|| {
        let process = Process::new();
        let reader = thread::spawn({
            let process = process.clone();
            move || {
                let handle = process.collector.register();
                let guard = handle.pin();
                // The orderings and the order of `dispatch::resolve`.
                let slot = process.slot.load(Ordering::Acquire);
                let table = process.table(&guard);
                assert!(slot < table.cells.len());
                assert_eq!(table.cell(slot), table.generation);
            }
        });
        // As the registry does it: first the table that covers the slot, then the slot.
        process.publish(0, 2);
        process.slot.store(1, Ordering::Release);
        process.publish(1, 2);
        reader.join().unwrap();
    });
}

/// A process whose threads announce their scopes in words.
struct Announced {
    live: Live<Table>,
    words: Words,
    collector: Collector,
}

impl Announced {
    fn new() -> Arc<Self> {
        Self::with_slots(1)
    }

    fn with_slots(slots: usize) -> Arc<Self> {
        Arc::new(Self {
            live: Live(sync::AtomicPtr::new(Table::boxed(0, slots))),
            words: Words(sync::AtomicPtr::new(std::ptr::null_mut())),
            collector: Collector::new(),
        })
    }

    /// What a thread does in its scopes, two of them one after the other.
    fn read(&self) {
        let word = self.words.take(1);
        let mut last = 0;
        for _ in 0..2 {
            let after = word.enter();
            // SAFETY: the table is published, and the word is odd.
            let table = unsafe { &*self.live.get() };
            assert!(table.generation >= last);
            assert_eq!(table.cell(0), table.generation);
            last = table.generation;
            word.leave(after);
        }
        Words::give_back(word);
    }

    /// What `dispatch::consistent` does around a call of two functions, and the plain calls before and after it.
    fn read_consistently(&self) {
        let word = self.words.take(1);
        let after = word.enter();
        // SAFETY: the table is published, and the word is odd.
        let first = unsafe { &*self.live.get() }.generation;
        let source = Live(sync::AtomicPtr::new(self.live.get().cast_mut()));
        // SAFETY: the table was live while the word was odd.
        let table = || unsafe { &*source.get() };
        let generation = table().generation;
        assert!(generation >= first);
        assert_eq!(table().cell(0), CODE[generation as usize]);
        loom::thread::yield_now();
        assert_eq!(table().generation, generation);
        assert_eq!(table().cell(1), CODE[generation as usize], "a mixed set");
        // SAFETY: as above.
        let live = unsafe { &*self.live.get() };
        assert!(live.generation >= generation);
        assert_eq!(live.cell(0), CODE[live.generation as usize]);
        word.leave(after);
        Words::give_back(word);
    }

    /// Replaces the table and frees the old one as soon as no scope uses it, or returns it with those that may.
    fn publish(&self, generation: u64) -> Option<(*mut Table, Vec<Inside>)> {
        self.publish_table(Table::boxed(generation, 1))
    }

    fn publish_table(&self, table: *mut Table) -> Option<(*mut Table, Vec<Inside>)> {
        let old = self.live.get().cast_mut();
        let handle = self.collector.register();
        // SAFETY: the table is new and whole; the old one is freed below.
        unsafe { self.live.replace(&handle.pin(), table, |_| {}) };
        let mut users = self.words.inside().unwrap();
        for _ in 0..2 {
            users.retain(|user| !user.is_over());
            if users.is_empty() {
                // SAFETY: no scope uses it.
                unsafe { Table::free(old) };
                return None;
            }
            thread::yield_now();
        }
        Some((old, users))
    }
}

#[test]
fn an_announced_scope_keeps_its_table() {
    loom::model(|| {
        let process = Announced::new();
        let reader = thread::spawn({
            let process = process.clone();
            move || process.read()
        });
        let left = process.publish(1);
        reader.join().unwrap();
        if let Some((old, users)) = left {
            assert!(users.iter().all(Inside::is_over), "the reader is gone");
            // SAFETY: nobody is left.
            unsafe { Table::free(old) };
        }
        // SAFETY: nobody is left.
        unsafe { Table::free(process.live.get().cast_mut()) };
    });
}

/// What the generations of the next model run: the program as built, a patch, and the program as built again.
const CODE: [u64; 3] = [0, 1, 0];

#[test]
fn a_consistent_scope_keeps_one_generation_over_a_commit_and_a_roll_back() {
    loom::model(|| {
        let process = Announced::with_slots(2);
        let reader = thread::spawn({
            let process = process.clone();
            move || process.read_consistently()
        });
        let left = [1, 2].map(|generation: u64| {
            process.publish_table(Table::running(generation, CODE[generation as usize], 2))
        });
        reader.join().unwrap();
        for (old, users) in left.into_iter().flatten() {
            assert!(users.iter().all(Inside::is_over), "the reader is gone");
            // SAFETY: nobody is left.
            unsafe { Table::free(old) };
        }
        // SAFETY: nobody is left.
        unsafe { Table::free(process.live.get().cast_mut()) };
    });
}

/// One commits, the other rolls back, and they take turns as those who offer patches do.
#[test]
fn a_consistent_scope_keeps_one_generation_whoever_commits_and_rolls_back() {
    loom::model(|| {
        let process = Announced::with_slots(2);
        let turn = Arc::new(loom::sync::Mutex::new(0));
        let reader = thread::spawn({
            let process = process.clone();
            move || process.read_consistently()
        });
        let write = {
            let process = process.clone();
            move || {
                let mut generation = turn.lock().unwrap();
                *generation += 1;
                let table = Table::running(*generation, CODE[*generation as usize], 2);
                process.publish_table(table)
            }
        };
        let other = thread::spawn(write.clone());
        let left = [write(), other.join().unwrap()];
        reader.join().unwrap();
        for (old, users) in left.into_iter().flatten() {
            assert!(users.iter().all(Inside::is_over), "the reader is gone");
            // SAFETY: nobody is left.
            unsafe { Table::free(old) };
        }
        // SAFETY: nobody is left.
        unsafe { Table::free(process.live.get().cast_mut()) };
    });
}
