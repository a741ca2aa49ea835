//! The world: creatures, what drives them, and the rules between them.

pub mod brain;
pub mod combat;
pub mod creature;
pub mod item;
pub mod level;
pub mod rules;
