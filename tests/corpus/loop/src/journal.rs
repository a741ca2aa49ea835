//! The journal: notes by category, behind locks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

use hotpatch::hotpatch;

static TITLE: &str = "journal";
static NOTES: LazyLock<Mutex<BTreeMap<u8, Entry>>> = LazyLock::new(|| Mutex::new(first()));
static COUNT: AtomicU32 = AtomicU32::new(100);
static LIMIT: Mutex<Limit> = Mutex::new(Limit { most: 8, least: 2 });

pub struct Entry {
    text: String,
    stars: u8,
}

pub struct Limit {
    most: u32,
    least: u32,
}

fn first() -> BTreeMap<u8, Entry> {
    let entry = |text: &str, stars| Entry {
        text: text.to_owned(),
        stars,
    };
    BTreeMap::from([(0, entry("calm", 1)), (1, entry("windy", 2))])
}

/// Looks a note up.
#[hotpatch]
pub fn note(number: i32) -> String {
    COUNT.fetch_add(1, Ordering::Relaxed);
    let notes = NOTES.lock().unwrap();
    let limit = LIMIT.lock().unwrap();
    match notes.get(&(number as u8 % 2)) {
        Some(entry) => format!(
            "{TITLE} {} {} {}",
            entry.text,
            stars(entry.stars),
            limit.most - limit.least
        ),
        None => format!("{TITLE} empty"),
    }
}

fn stars(count: u8) -> String {
    "*".repeat(count.into())
}

pub fn count() -> u32 {
    COUNT.load(Ordering::Relaxed)
}

pub fn describe() -> String {
    let notes = NOTES.lock().unwrap();
    let notes: Vec<_> = notes
        .values()
        .map(|entry| format!("{}{}", entry.text, entry.stars))
        .collect();
    let limit = LIMIT.lock().unwrap();
    format!("({} {} {})", notes.join(","), limit.most, limit.least)
}
