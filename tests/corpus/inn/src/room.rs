//! Rooms and their keys.

use hotpatch::Migrate;

#[derive(Migrate)]
#[repr(C)]
pub struct Room {
    pub beds: u8,
    pub price: Price,
    pub guest: Option<u16>,
}

#[derive(Migrate)]
pub struct Price(pub u32);

#[derive(Migrate, PartialEq, Eq, Hash)]
pub struct Key {
    pub number: u32,
}

impl Room {
    pub fn new(number: u32) -> Self {
        Room { beds: number as u8, price: Price(number * 10), guest: None }
    }

    pub fn shown(&self) -> String {
        format!("{} beds for {}", self.beds, self.price.0)
    }
}
