//! Counts what passes, and says nothing about it.

use hotpatch::hotpatch;

use crate::bus::Bus;
use crate::event::Event;
use crate::plugin::{Plugin, any};

#[derive(Debug, Default)]
pub struct Counter {
    pub words: u32,
    pub numbers: u32,
    pub sum: i64,
}

impl Counter {
    #[hotpatch]
    fn take(&mut self, event: &Event) {
        match event {
            Event::Word(_) => self.words += 1,
            Event::Number(number) => {
                self.numbers += 1;
                self.sum += number;
            }
            Event::Tick { .. } | Event::Quiet => {}
        }
    }

    pub fn verdict(&self) -> String {
        let more = if self.words >= self.numbers { "words" } else { "numbers" };
        format!("mostly {more}")
    }
}

impl Plugin for Counter {
    fn name(&self) -> &str {
        "counter"
    }

    fn on_event(&mut self, event: &Event, _: &Bus) -> Option<String> {
        self.take(event);
        None
    }

    any!();
}
