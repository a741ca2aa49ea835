//! Greets whoever is named, and knows whom it has greeted.

use std::collections::HashSet;

use hotpatch::hotpatch;

use crate::bus::Bus;
use crate::event::{Event, Level};
use crate::plugin::{Plugin, any};

/// Never greeted.
const SHY: [&str; 2] = ["nobody", "noone"];

pub struct Greeter {
    pub greeting: String,
    pub known: HashSet<String>,
}

impl Greeter {
    pub fn new(greeting: &str) -> Self {
        Self {
            greeting: greeting.to_owned(),
            known: HashSet::new(),
        }
    }

    #[hotpatch]
    fn greet(&mut self, name: &str) -> Option<String> {
        if SHY.contains(&name) {
            return None;
        }
        let again = if self.known.insert(name.to_owned()) { "" } else { " again" };
        Some(format!("{} {name}{again}", self.greeting))
    }
}

impl Plugin for Greeter {
    fn name(&self) -> &str {
        "greeter"
    }

    fn on_event(&mut self, event: &Event, bus: &Bus) -> Option<String> {
        let Event::Word(word) = event else {
            return None;
        };
        let text = self.greet(word)?;
        bus.say("greeter", Level::Info, &text);
        Some(text)
    }

    fn weight(&self) -> u32 {
        5
    }

    any!();
}
