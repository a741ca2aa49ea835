//! Who stays here.

use hotpatch::{Migrate, hotpatch};

use crate::mood::Colour;

#[derive(Migrate)]
pub struct Guest {
    pub name: String,
    pub nights: u16,
    pub colour: Colour,
    pub spare: Vec<u8>,
}

/// It says nothing of how it is migrated.
pub struct Label {
    pub text: String,
}

impl Guest {
    pub fn new(name: &str, nights: u16) -> Self {
        Guest { name: name.into(), nights, colour: Colour::Red, spare: Vec::new() }
    }

    #[hotpatch]
    pub fn shown(&self) -> String {
        format!("{} stays {} in {}", self.name, self.nights, self.colour.shown())
    }
}

/// A ticket is made in passing, and handed to a hot function by one that is not.
pub struct Ticket {
    pub number: u32,
}

pub fn ticket(number: u32) -> String {
    stamped(&Ticket { number })
}

#[hotpatch]
fn stamped(ticket: &Ticket) -> String {
    format!("ticket {}", ticket.number)
}
