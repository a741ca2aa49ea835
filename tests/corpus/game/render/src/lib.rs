//! Pictures of the world, as text.

pub mod canvas;
pub mod frame;

/// What stands for what.
pub mod glyphs {
    pub const FLOOR: char = '.';
    pub const WALL: char = '#';
    pub const WATER: char = '~';
    pub static LEGEND: &str = "floor . wall # water ~";
}
