//! What every game needs: dice, grids, a store with handles, a clock.

pub mod clock;
pub mod dice;
pub mod grid;
pub mod store;
