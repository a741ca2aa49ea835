//! One picture of the world.

use std::cell::RefCell;

use hotpatch::hotpatch;
use world::creature::{Creature, Kind};
use world::level::{Tile, World};

use crate::canvas::Canvas;
use crate::glyphs;

thread_local! {
    static PICTURES: RefCell<Pictures> = RefCell::new(Pictures { drawn: 0, style: "plain" });
}

struct Pictures {
    drawn: u32,
    style: &'static str,
}

/// Anything that has a character. Used by type only, never behind a pointer.
pub trait Draw {
    fn glyph(&self) -> char;
    fn layer(&self) -> u8;
}

impl Draw for Tile {
    fn glyph(&self) -> char {
        match self {
            Tile::Floor => glyphs::FLOOR,
            Tile::Wall => glyphs::WALL,
            Tile::Water => glyphs::WATER,
        }
    }

    fn layer(&self) -> u8 {
        0
    }
}

impl Draw for Creature {
    fn glyph(&self) -> char {
        match self.kind {
            Kind::Hero { .. } => '@',
            Kind::Beast(_) => 'w',
            Kind::Ghost => '?',
        }
    }

    fn layer(&self) -> u8 {
        1
    }
}

fn glyph_of<T: Draw>(thing: &T) -> char {
    if thing.layer() > 5 { ' ' } else { thing.glyph() }
}

/// Draws everything.
#[hotpatch]
pub fn draw(world: &World) -> String {
    PICTURES.with_borrow_mut(|pictures| pictures.drawn += 1);
    let mut canvas = Canvas::new(4);
    for tile in world.tiles.rows().flatten() {
        canvas.push(glyph_of(tile));
    }
    for creature in world.creatures.iter() {
        canvas.put(creature.at.x, creature.at.y, glyph_of(creature));
    }
    canvas.text("/")
}

#[hotpatch]
pub fn legend() -> String {
    let style = PICTURES.with_borrow(|pictures| pictures.style);
    format!("{} ({style})", glyphs::LEGEND)
}

pub fn drawn() -> u32 {
    PICTURES.with_borrow(|pictures| pictures.drawn)
}
