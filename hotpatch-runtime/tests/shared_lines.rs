//! Calls write no memory that threads share: while two threads call, everything that they share is read-only.
//!
//! What the process can write is protected: the data of the program and of its libraries, the heap, and what the
//! allocator of this test gave out. What stays writable belongs to one thread: its stack, its locals, its word and its
//! track, each on lines of its own. Whoever wrote anything else would end the test with SIGSEGV; a child shows that it does.

#[macro_use]
mod support;

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_int;
use std::fs;
use std::hint::black_box;
use std::ptr::{self, null_mut};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use hotpatch_runtime::{apply, call, consistent};

use support::{folder, returning};

hot!(plain, PLAIN, 10);
hot!(patched, PATCHED, 20);

const PAGE: usize = 4096;
/// The alignment by which the allocator knows what one thread has to itself: its word, which is as long, and the track of
/// what it is inside.
const WORD: usize = 128;
const THREADS: usize = 2;
const CALLS: u64 = 20_000;

/// Gives out one mapping from its beginning, and what threads have to themselves on pages of their own. Frees nothing.
struct Arena {
    start: AtomicPtr<u8>,
    used: AtomicUsize,
    words: AtomicUsize,
}

#[global_allocator]
static ARENA: Arena = Arena {
    start: AtomicPtr::new(null_mut()),
    used: AtomicUsize::new(0),
    words: AtomicUsize::new(0),
};

const ARENA_LEN: usize = 1 << 30;

// SAFETY: every piece of memory is given out once.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() == WORD {
            self.words
                .fetch_add((layout.size() == WORD).into(), Ordering::Relaxed);
            return map(layout.size().next_multiple_of(PAGE));
        }
        let at = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                Some(used.next_multiple_of(layout.align()) + layout.size())
            });
        let at = at.unwrap().next_multiple_of(layout.align());
        if at + layout.size() > ARENA_LEN {
            return null_mut();
        }
        self.start().wrapping_add(at)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

impl Arena {
    fn start(&self) -> *mut u8 {
        let start = self.start.load(Ordering::Acquire);
        if !start.is_null() {
            return start;
        }
        let new = map(ARENA_LEN);
        let swap = self
            .start
            .compare_exchange(null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
        swap.err().unwrap_or(new)
    }
}

/// New memory of this process, between pages that keep it apart from its neighbours.
fn map(len: usize) -> *mut u8 {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: new memory, at a place that the kernel chooses.
    let start = unsafe { libc::mmap(null_mut(), len + 2 * PAGE, libc::PROT_NONE, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    let start = start.wrapping_byte_add(PAGE);
    // SAFETY: the memory is new.
    let result = unsafe { libc::mprotect(start, len, libc::PROT_READ | libc::PROT_WRITE) };
    assert_eq!(result, 0);
    start.cast()
}

/// What the threads say to each other while everything else is read-only.
struct Board {
    /// How many threads are ready.
    ready: AtomicU64,
    /// 0 before the memory is protected, 1 while it is.
    phase: AtomicU64,
    done: AtomicU64,
}

impl Board {
    fn new() -> &'static Self {
        // SAFETY: a page of zeros is a board, and nobody takes it back.
        unsafe { &*map(PAGE).cast::<Self>() }
    }

    fn wait(number: &AtomicU64, for_: u64) {
        while number.load(Ordering::Acquire) < for_ {
            // SAFETY: it has no conditions.
            unsafe { libc::sched_yield() };
        }
    }
}

/// The writable memory that threads share.
fn shared() -> Vec<(usize, usize)> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let arena = ARENA.start().addr();
    let mut end_of_file = 0;
    let mut shared = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (start, end) = words.next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|address| usize::from_str_radix(address, 16).unwrap());
        let is_writable = words.next().unwrap().starts_with("rw");
        let name = words.nth(3).unwrap_or_default();
        let is_data = name.starts_with('/') || name == "[heap]" || name.is_empty() && start == end_of_file;
        if name.starts_with('/') {
            end_of_file = end;
        }
        if is_writable && (is_data || start == arena) {
            shared.push((start, end));
        }
    }
    shared
}

fn protect(memory: &[(usize, usize)], protection: c_int) {
    for (start, end) in memory {
        // SAFETY: nobody writes there while it is protected; that is what is tested.
        let result =
            unsafe { libc::mprotect(ptr::with_exposed_provenance_mut(*start), end - start, protection) };
        assert_eq!(result, 0);
    }
}

/// Every way to call.
fn calls() -> u64 {
    let x = black_box(1);
    plain()
        + call(|| plain() + patched())
        + patched()
        + call(move || x)
        + consistent(patched)
        + call(|| call(plain))
}

#[test]
fn calls_write_nothing_that_threads_share() {
    let folder = folder();
    apply(returning(folder.path(), "patch.so", &[(&PATCHED, 21)]).0).unwrap();
    let expected = 10 + 31 + 21 + 1 + 21 + 10;
    assert_eq!(calls(), expected);
    let words_before = ARENA.words.load(Ordering::Relaxed);
    let board = Board::new();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            thread::spawn(move || {
                // The first call of a thread takes a word.
                let mut sum = calls();
                board.ready.fetch_add(1, Ordering::Release);
                Board::wait(&board.phase, 1);
                for _ in 1..CALLS {
                    sum += calls();
                }
                board.done.fetch_add(1, Ordering::Release);
                Board::wait(&board.phase, 2);
                sum
            })
        })
        .collect();
    Board::wait(&board.ready, THREADS as u64);
    let words = ARENA.words.load(Ordering::Relaxed) - words_before;
    if words == 0 {
        board.phase.store(2, Ordering::Release);
        eprintln!("skipped: the kernel has no membarrier here, so threads pin themselves instead");
        return;
    }
    assert_eq!(words, THREADS, "each thread has a word of its own");
    let memory = shared();
    assert!(
        memory.len() > 3,
        "the data of the program and of its libraries is not found any more"
    );
    let statics = [
        ptr::from_ref(&PLAIN).addr(),
        ptr::from_ref(&WRITTEN).addr(),
        Box::into_raw(Box::new(0)).addr(),
    ];
    for address in statics {
        assert!(
            memory
                .iter()
                .any(|(start, end)| (*start..*end).contains(&address))
        );
    }

    // SAFETY: the child does nothing but write one word, and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        protect(&memory, libc::PROT_READ);
        WRITTEN.fetch_add(1, Ordering::Relaxed);
        // SAFETY: ends the child, which got here by mistake.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: waits for the child.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert!(
        libc::WIFSIGNALED(status),
        "a write to shared memory is not noticed"
    );
    assert_eq!(libc::WTERMSIG(status), libc::SIGSEGV);

    protect(&memory, libc::PROT_READ);
    board.phase.store(1, Ordering::Release);
    Board::wait(&board.done, THREADS as u64);
    protect(&memory, libc::PROT_READ | libc::PROT_WRITE);
    board.phase.store(2, Ordering::Release);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), expected * CALLS);
    }
}

static WRITTEN: AtomicU64 = AtomicU64::new(0);
