//! Moods and colours.

use hotpatch::Migrate;

#[derive(Migrate)]
pub enum Mood {
    Calm,
    Busy { since: u32 },
    Closed(String),
}

#[derive(Migrate, Clone, Copy)]
pub enum Colour {
    Red,
    Green,
}

impl Mood {
    pub fn shown(&self) -> String {
        match self {
            Mood::Calm => "calm".into(),
            Mood::Busy { since } => format!("busy since {since}"),
            Mood::Closed(why) => format!("closed for {why}"),
        }
    }
}

impl Colour {
    pub fn shown(self) -> &'static str {
        match self {
            Colour::Red => "red",
            Colour::Green => "green",
        }
    }
}
