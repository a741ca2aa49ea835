//! Events, which hooks may change and plugins answer.

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Word(String),
    Number(i64),
    Tick { at: u32 },
    Quiet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Level {
    Debug = 1,
    Info = 2,
    Loud = 3,
}

impl Event {
    pub fn parse(text: &str, at: u32) -> Self {
        match text {
            "" => Self::Quiet,
            "tick" => Self::Tick { at },
            _ => match text.parse() {
                Ok(number) => Self::Number(number),
                Err(_) => Self::Word(text.to_owned()),
            },
        }
    }

    pub fn level(&self) -> Level {
        match self {
            Self::Word(word) if word.ends_with('!') => Level::Loud,
            Self::Word(_) | Self::Number(_) => Level::Info,
            Self::Tick { .. } | Self::Quiet => Level::Debug,
        }
    }
}
