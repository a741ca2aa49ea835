//! Answers as text.

use std::fmt::Write;

use hotpatch::hotpatch;

use crate::limits::{DEFAULTS, LONGEST, REACHED};
use crate::model::{Kind, Note, Priority};
use crate::store::Store;

static ABOUT: &str = include_str!("about.txt");

fn sign(priority: Priority) -> char {
    match priority {
        Priority::Low => '-',
        Priority::Normal => '*',
        Priority::High => '!',
    }
}

fn row(note: &Note) -> String {
    let mark = match &note.kind {
        Kind::Plain => String::new(),
        Kind::Todo { done } => format!("[{}] ", if *done { 'x' } else { ' ' }),
        Kind::Link(target) => format!("<{target}> "),
    };
    format!("{} {} {mark}{}", note.id, sign(note.priority), note.text)
}

#[hotpatch]
pub fn notes(store: &Store, user: &str) -> String {
    let rows: Vec<String> = store
        .notes
        .iter()
        .filter(|note| note.owner == user)
        .map(row)
        .collect();
    if rows.is_empty() { "nothing".to_owned() } else { rows.join("\n") }
}

#[hotpatch]
pub fn found(store: &Store, word: &str) -> String {
    let mut hits: Vec<&Note> = store
        .notes
        .iter()
        .filter(|note| note.text.contains(word))
        .collect();
    hits.sort_by_key(|note| note.id);
    let score: f32 = hits.iter().map(|note| note.weight.score).sum();
    format!("{} hits, score {score:.1}", hits.len())
}

#[hotpatch]
pub fn about() -> &'static str {
    ABOUT
}

#[hotpatch]
pub fn limits(store: &Store) -> String {
    let mut out = format!("{} of {} notes", store.notes.len(), DEFAULTS.notes);
    for (name, limit) in [("bytes", LONGEST), ("per user", usize::from(DEFAULTS.per_user))] {
        let _ = write!(out, ", {limit} {name}");
    }
    let last = REACHED.lock().expect("nobody panics with it").last().copied();
    let _ = write!(out, ", last reached: {}", last.unwrap_or("none"));
    out
}
