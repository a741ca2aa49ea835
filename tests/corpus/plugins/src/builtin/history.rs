//! Remembers events.

use std::collections::VecDeque;

use hotpatch::hotpatch;

use crate::bus::Bus;
use crate::event::{Event, Level};
use crate::plugin::{Plugin, any};

const LENGTH: usize = 4;

/// One event as it is remembered.
struct Memory {
    text: String,
    level: Level,
    number: Option<i64>,
}

#[derive(Default)]
pub struct History {
    memories: VecDeque<Memory>,
    pub forgotten: u64,
}

impl History {
    #[hotpatch]
    fn remember(&mut self, event: &Event) {
        let (text, number) = match event {
            Event::Word(word) => (word.clone(), None),
            Event::Number(number) => (number.to_string(), Some(*number)),
            Event::Tick { .. } => ("@".to_owned(), None),
            Event::Quiet => return,
        };
        if self.memories.len() == LENGTH {
            self.memories.pop_front();
            self.forgotten += 1;
        }
        let level = event.level();
        self.memories.push_back(Memory { text, level, number });
    }

    #[hotpatch]
    pub fn tell(&self) -> String {
        let texts: Vec<String> = self.memories.iter().map(tell_one).collect();
        let sum: i64 = self.memories.iter().filter_map(|memory| memory.number).sum();
        format!("{} (sum {sum})", texts.join(" "))
    }

    pub fn texts(&self) -> Vec<&str> {
        self.memories.iter().map(|memory| memory.text.as_str()).collect()
    }
}

fn tell_one(memory: &Memory) -> String {
    format!("{}:{}", memory.text, memory.level as u8)
}

impl Plugin for History {
    fn name(&self) -> &str {
        "history"
    }

    fn on_event(&mut self, event: &Event, _: &Bus) -> Option<String> {
        self.remember(event);
        None
    }

    any!();
}
