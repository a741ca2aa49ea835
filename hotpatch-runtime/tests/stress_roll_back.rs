//! Threads that commit and roll back against each other, and threads that write down what they see.
//!
//! Every patch gives each function a number of its own, and some leave functions as built, so what four functions answer
//! tells which generations it can be from. The writers say what each generation ran; afterwards the notes are compared with
//! that. With roll-backs an old answer comes again, so "backwards" is about the numbers of generations, which only grow:
//! there must be generations, each no older than the one before, that explain what a thread saw, one after the other.

#[macro_use]
mod support;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use hotpatch_abi::code;
use hotpatch_abi::entry::Entry;
use hotpatch_runtime::{apply, call, consistent, generation, history, keep_generations, rollback};

use support::{Template, folder};

hot!(f0, F0, 0);
hot!(f1, F1, 0);
hot!(f2, F2, 0);
hot!(f3, F3, 0);

const FUNCTIONS: [fn() -> u64; 4] = [f0, f1, f2, f3];
const PUBLISHED: [(&Entry, &str); 4] = [(&F0, "f0"), (&F1, "f1"), (&F2, "f2"), (&F3, "f3")];
const PATCHES: u64 = 12;
const WRITERS: u64 = 3;
const ROUNDS: u64 = 120;
const READERS: usize = 4;

type Answers = [u64; 4];

/// What a generation runs.
#[derive(Clone, Copy)]
enum Made {
    ByPatch(Answers),
    ByRollBack(u64),
}

/// What a thread saw: an answer of a function, in a generation between these two.
#[derive(Clone, Copy, Debug)]
struct Note {
    earliest: u64,
    latest: u64,
    function: usize,
    answer: u64,
}

static DONE: AtomicBool = AtomicBool::new(false);
/// How often each reader has looked.
static NOTED: [AtomicU64; READERS] = [const { AtomicU64::new(0) }; READERS];
/// How many generations were made.
static MADE: AtomicU64 = AtomicU64::new(0);

#[test]
fn no_thread_sees_a_mixed_set_or_goes_backwards_whatever_is_committed_and_rolled_back() {
    let folder = folder();
    let patches = patches(folder.path());
    let made: Mutex<HashMap<u64, Made>> = Mutex::new(HashMap::from([(0, Made::ByPatch([0; 4]))]));
    let (to_offer, to_note) = (&patches, &made);
    keep_generations(NonZeroUsize::new(8).unwrap());
    let notes: Vec<Vec<Note>> = thread::scope(|scope| {
        let readers: [_; READERS] = std::array::from_fn(|kind| scope.spawn(move || read(kind)));
        let writers: Vec<_> = (1..=WRITERS)
            .map(|seed| scope.spawn(move || write(seed, to_offer, to_note)))
            .collect();
        let outcomes: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        DONE.store(true, Ordering::Relaxed);
        let notes = readers.map(|reader| reader.join().unwrap());
        outcomes.into_iter().for_each(|outcome| outcome.unwrap());
        notes.into()
    });
    let made = made.into_inner().unwrap();
    assert_eq!(
        made.len() as u64,
        generation() + 1,
        "every generation was made once"
    );
    for notes in notes {
        assert!(notes.len() >= 8, "{} notes", notes.len());
        explain(&notes, &made);
    }
}

/// Finds a generation for each note, none older than the one before.
fn explain(notes: &[Note], made: &HashMap<u64, Made>) {
    let mut now = 0;
    for note in notes {
        let mut possible = note.earliest.max(now)..=note.latest;
        let found = possible.find(|number| answers(*number, made)[note.function] == note.answer);
        now = found.unwrap_or_else(|| panic!("{note:?} is from no generation since {now}"));
    }
}

fn answers(generation: u64, made: &HashMap<u64, Made>) -> Answers {
    match made[&generation] {
        Made::ByPatch(answers) => answers,
        Made::ByRollBack(to) => answers(to, made),
    }
}

/// Commits and rolls back, in an order of its own, and says what it has made.
fn write(seed: u64, patches: &[(PathBuf, Answers)], made: &Mutex<HashMap<u64, Made>>) {
    let mut random = seed;
    for _ in 0..ROUNDS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let choice = (random >> 33) as usize;
        let (generation, how) = if choice.is_multiple_of(2) {
            let (path, answers) = &patches[choice / 2 % patches.len()];
            (apply(path).unwrap().generation, Made::ByPatch(*answers))
        } else {
            let kept = history();
            let Some(to) = kept.get(choice / 2 % kept.len().max(1)) else {
                continue;
            };
            match rollback(to.number) {
                Ok(back) => (back.generation, Made::ByRollBack(back.to)),
                // The others have made so many meanwhile that this one was forgotten.
                Err(refusal) if refusal.code() == code::GENERATION => continue,
                Err(refusal) => panic!("{refusal}"),
            }
        };
        let before = made.lock().unwrap().insert(generation, how);
        assert!(before.is_none(), "generation {generation} was made twice");
        MADE.fetch_add(1, Ordering::Relaxed);
        // The readers that wait for other generations are not waited for.
        let noted = || [0, 1].map(|reader: usize| NOTED[reader].load(Ordering::Relaxed));
        let before = noted();
        while noted().iter().zip(before).any(|(now, before)| *now == before) && !DONE.load(Ordering::Relaxed)
        {
            thread::yield_now();
        }
    }
}

/// Calls until the writers are through.
fn read(kind: usize) -> Vec<Note> {
    let _failure = DoneOnPanic;
    let mut notes = Vec::new();
    while !DONE.load(Ordering::Relaxed) {
        match kind {
            0 => call(|| (0..5).for_each(|_| plain(&mut notes))),
            1 => plain(&mut notes),
            2 => in_consistent(&mut notes),
            _ => call(|| {
                plain(&mut notes);
                in_consistent(&mut notes);
                plain(&mut notes);
            }),
        }
        NOTED[kind].fetch_add(1, Ordering::Relaxed);
        thread::yield_now();
    }
    notes
}

/// Lets the writers end also when a reader fails.
struct DoneOnPanic;

impl Drop for DoneOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            DONE.store(true, Ordering::Relaxed);
        }
    }
}

/// One answer of each function: the generation may change in between.
fn plain(notes: &mut Vec<Note>) {
    for (function, call) in FUNCTIONS.iter().enumerate() {
        let earliest = generation();
        let answer = call();
        notes.push(Note {
            earliest,
            latest: generation(),
            function,
            answer,
        });
    }
}

/// The answers of one generation, over several others that are made meanwhile, also in what is nested.
fn in_consistent(notes: &mut Vec<Note>) {
    let all = || FUNCTIONS.map(|function| function());
    consistent(|| {
        let (first, number) = (all(), generation());
        for _ in 0..3 {
            let made = MADE.load(Ordering::Relaxed);
            while MADE.load(Ordering::Relaxed) == made && !DONE.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            assert_eq!((all(), generation()), (first, number));
            assert_eq!(call(|| (all(), generation())), (first, number));
            assert_eq!(consistent(|| call(all)), first);
        }
        notes.extend(first.into_iter().enumerate().map(|(function, answer)| Note {
            earliest: number,
            latest: number,
            function,
            answer,
        }));
    });
}

/// Patches that give each function another number; every third leaves two of them as built.
fn patches(folder: &std::path::Path) -> Vec<(PathBuf, Answers)> {
    let template = Template::compile(
        "unsigned long f0(void) { return value; }
         unsigned long f1(void) { return value + 1; }
         unsigned long f2(void) { return value + 2; }
         unsigned long f3(void) { return value + 3; }",
    );
    (1..=PATCHES)
        .map(|number| {
            let value = number * 10;
            let dylib = template.with(value);
            let published = if number.is_multiple_of(3) { 2 } else { 4 };
            let path = folder.join(format!("{number}.so"));
            dylib.seal(&path, &dylib.manifest(&PUBLISHED[..published]));
            let answers = std::array::from_fn(|function| match function {
                function if function < published => value + function as u64,
                _ => 0,
            });
            (path, answers)
        })
        .collect()
}
