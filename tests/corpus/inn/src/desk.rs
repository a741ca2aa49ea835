//! The desk: a board with notes, and who keeps the inn.

use hotpatch::Migrate;

#[derive(Migrate)]
pub struct Board<T> {
    pub items: Vec<T>,
    pub pinned: Option<T>,
}

#[derive(Migrate)]
pub struct Note {
    pub text: String,
    pub by: u8,
}

impl Note {
    pub fn new(text: &str, by: u8) -> Self {
        Note { text: text.into(), by }
    }
}

#[derive(Migrate)]
pub struct Owner {
    pub title: String,
}

pub trait Keeper: Send {
    fn greets(&self) -> String;
}

pub struct Cook {
    pub spoons: u8,
}

impl Keeper for Cook {
    fn greets(&self) -> String {
        format!("cook with {} spoons", self.spoons)
    }
}
