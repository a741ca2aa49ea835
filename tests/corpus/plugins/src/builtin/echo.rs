//! Says a word again. Its methods are not hot: an object keeps the code that it was made with.

use crate::bus::Bus;
use crate::event::Event;
use crate::plugin::{Plugin, any};

pub struct Echo {
    times: usize,
    made: String,
}

impl Echo {
    pub fn new(times: usize) -> Self {
        Self {
            times,
            made: format!("echo{times}"),
        }
    }
}

impl Plugin for Echo {
    fn name(&self) -> &str {
        &self.made
    }

    fn on_event(&mut self, event: &Event, bus: &Bus) -> Option<String> {
        let Event::Word(word) = event else {
            return None;
        };
        bus.say(self.name(), event.level(), word);
        Some(vec![word.as_str(); self.times].join("-"))
    }

    fn weight(&self) -> u32 {
        self.times as u32
    }

    any!();
}
