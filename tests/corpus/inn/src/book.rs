//! The book of the inn: all that it knows.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use hotpatch::Migrate;

use crate::desk::{Board, Keeper, Note, Owner};
use crate::guest::{Guest, Label};
use crate::mood::Mood;
use crate::room::{Key, Room};

#[derive(Migrate)]
pub struct Inn {
    pub name: String,
    pub visits: u64,
    pub guests: Vec<Guest>,
    pub rooms: BTreeMap<u32, Room>,
    pub keys: HashMap<Key, String>,
    pub mood: Mood,
    pub board: Board<Note>,
    pub ledger: Ledger,
    pub keeper: Box<dyn Keeper>,
    pub owner: Arc<Owner>,
    pub label: Label,
    pub log: Option<Box<Log>>,
    pub spare: u8,
}

#[derive(Migrate)]
pub struct Log {
    pub lines: Vec<String>,
    pub next: Option<Box<Log>>,
}

#[derive(Migrate)]
pub struct Ledger {
    pub first: [Entry; 3],
    pub open: Mutex<Vec<Entry>>,
    pub pair: (Entry, u8),
}

#[derive(Migrate)]
pub struct Entry {
    pub what: String,
    pub coins: i64,
}

impl Entry {
    pub fn new(what: &str, coins: i64) -> Self {
        Entry { what: what.into(), coins }
    }
}

impl Inn {
    pub fn opened() -> Self {
        let entry = Entry::new;
        let log = Log { lines: vec!["swept".into()], next: None };
        Inn {
            name: "Swan".into(),
            visits: 0,
            guests: vec![Guest::new("ada", 2), Guest::new("bob", 5)],
            rooms: (1..=3).map(|number| (number, Room::new(number))).collect(),
            keys: [1, 2].map(|number| (Key { number }, format!("key {number}"))).into(),
            mood: Mood::Busy { since: 9 },
            board: Board { items: vec![Note::new("soup", 1), Note::new("rain", 2)], pinned: Some(Note::new("rules", 3)) },
            ledger: Ledger {
                first: [entry("ale", 3), entry("bread", 1), entry("candle", 2)],
                open: Mutex::new(vec![entry("stew", 5)]),
                pair: (entry("hay", 4), 7),
            },
            keeper: Box::new(crate::desk::Cook { spoons: 4 }),
            owner: Arc::new(Owner { title: "Dame".into() }),
            label: Label { text: "by the lake".into() },
            log: Some(Box::new(Log { lines: vec!["opened".into(), "lit".into()], next: Some(Box::new(log)) })),
            spare: 0,
        }
    }

    /// All that must not change.
    pub fn kept(&self) -> String {
        let guests: Vec<_> = self.guests.iter().map(|guest| format!("{}:{}", guest.name, guest.nights)).collect();
        let rooms: Vec<_> = self.rooms.iter().map(|(number, room)| format!("{number}:{}:{}", room.beds, room.price.0)).collect();
        let mut keys: Vec<_> = self.keys.iter().map(|(key, text)| format!("{}={text}", key.number)).collect();
        keys.sort();
        let log = self.log.as_ref().unwrap();
        format!(
            "{} {} {} {} {} {} {} {} {} {} {} {}",
            self.name, guests.join(","), rooms.join(","), keys.join(","), self.mood.shown(), self.board.items.len(),
            self.ledger.total(), self.keeper.greets(), self.owner.title, self.label.text, log.lines.join("+"),
            log.next.as_ref().unwrap().lines.join("+")
        )
    }
}

impl Ledger {
    pub fn total(&self) -> i64 {
        let open: i64 = self.open.lock().unwrap().iter().map(|entry| entry.coins).sum();
        self.first.iter().map(|entry| entry.coins).sum::<i64>() + open + self.pair.0.coins
    }
}
