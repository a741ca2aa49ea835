//! All that the server keeps.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::error::ApiError;
use crate::model::Note;
use crate::session::{Session, Token};

#[derive(Default)]
pub struct Store {
    pub sessions: BTreeMap<Token, Session>,
    pub tries: HashMap<String, u8>,
    pub notes: Vec<Note>,
    numbers: Numbers,
}

#[derive(Default)]
struct Numbers {
    opened: u64,
    highest: u32,
}

#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Store>>);

impl Shared {
    /// A server that was in use for a while.
    pub fn with_examples() -> Self {
        let mut store = Store::default();
        store.open_session("root");
        store.tries.insert("eve".to_owned(), 3);
        for text in ["buy milk", "todo water the plants!", "http://example.org"] {
            let id = store.next_note();
            store.notes.push(Note::new(id, "root", text));
        }
        Self(Arc::new(Mutex::new(store)))
    }

    pub fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().expect("no request panics")
    }
}

impl Store {
    /// A session with the lowest number that is free.
    pub fn open_session(&mut self, user: &str) -> Token {
        self.numbers.opened += 1;
        let mut free = (1..).map(Token).filter(|token| !self.sessions.contains_key(token));
        let token = free.next().expect("there are more numbers than sessions");
        self.sessions.insert(token, Session::new(user, token.0 * 100));
        token
    }

    pub fn opened(&self) -> u64 {
        self.numbers.opened
    }

    pub fn session(&self, token: Token) -> Result<&Session, ApiError> {
        self.sessions.get(&token).ok_or(ApiError::NoSession)
    }

    /// The lowest number that no note has.
    pub fn next_note(&mut self) -> u32 {
        let mut free = 1..;
        let id = free.find(|id| self.notes.iter().all(|note| note.id != *id));
        let id = id.expect("there are more numbers than notes");
        self.numbers.highest = self.numbers.highest.max(id);
        id
    }

    pub fn note_mut(&mut self, id: u32) -> Result<&mut Note, ApiError> {
        let note = self.notes.iter_mut().find(|note| note.id == id);
        note.ok_or(ApiError::NoSuchNote(id))
    }
}
