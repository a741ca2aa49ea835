//! Notes.

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Todo { done: bool },
    Link(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Low,
    Normal,
    High,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weight {
    pub words: u32,
    pub score: f32,
}

#[derive(Debug, Clone)]
pub struct Note {
    pub id: u32,
    pub owner: String,
    pub text: String,
    pub kind: Kind,
    pub priority: Priority,
    pub weight: Weight,
}

impl Note {
    pub fn new(id: u32, owner: &str, text: &str) -> Self {
        let (kind, text) = parse(text);
        Self {
            id,
            owner: owner.to_owned(),
            kind,
            priority: priority_of(text),
            weight: Weight::of(text),
            text: text.to_owned(),
        }
    }
}

impl Weight {
    fn of(text: &str) -> Self {
        let Words { count, longest } = Words::of(text);
        Self {
            words: count,
            score: count as f32 + if longest > 20 { 2.0 } else { 0.5 },
        }
    }
}

/// What is found in a text on the way to its weight.
struct Words {
    count: u32,
    longest: usize,
}

impl Words {
    fn of(text: &str) -> Self {
        let lengths = text.split_whitespace().map(str::len);
        lengths.fold(Self { count: 0, longest: 0 }, |words, length| Self {
            count: words.count + 1,
            longest: words.longest.max(length),
        })
    }
}

fn parse(text: &str) -> (Kind, &str) {
    if let Some(rest) = text.strip_prefix("todo ") {
        return (Kind::Todo { done: false }, rest);
    }
    if text.starts_with("http") {
        return (Kind::Link(text.to_owned()), text);
    }
    (Kind::Plain, text)
}

fn priority_of(text: &str) -> Priority {
    match text.matches('!').count() {
        0 => Priority::Normal,
        1 | 2 => Priority::High,
        _ => Priority::Low,
    }
}
