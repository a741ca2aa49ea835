//! Hooks: closures that every event passes on its way to the plugins.

use std::cell::Cell;
use std::rc::Rc;

use hotpatch::hotpatch;

use crate::event::Event;
use crate::host::Host;

pub type Hook = Box<dyn Fn(Event) -> Event>;

/// A filter that a command adds while the host runs.
#[derive(Debug, Clone, Copy)]
pub struct Clamp {
    pub low: i64,
    pub high: i64,
}

/// The hooks that every host has.
pub fn install(host: &mut Host) {
    let seen = Rc::clone(&host.seen);
    host.hook(Box::new(move |event| {
        seen.set(seen.get() + 1);
        event
    }));
    host.hook(Box::new(soften));
}

/// A hook that keeps numbers within bounds.
#[hotpatch]
pub fn clamp(bounds: Clamp, hits: Rc<Cell<u32>>) -> Hook {
    Box::new(move |event| match event {
        Event::Number(number) if number < bounds.low || number > bounds.high => {
            hits.set(hits.get() + 1);
            Event::Number(number.clamp(bounds.low, bounds.high))
        }
        other => other,
    })
}

#[hotpatch]
fn soften(event: Event) -> Event {
    match event {
        Event::Word(word) if word.len() > 12 => Event::Word(shorten(&word)),
        other => other,
    }
}

fn shorten(word: &str) -> String {
    word.chars().take(12).collect()
}
