//! Dice that always fall the same way.

#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    pub fn seeded(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(2).wrapping_add(1),
        }
    }

    /// A number from 1 to `sides`.
    pub fn roll(&mut self, sides: u32) -> u32 {
        self.state = next(self.state);
        (self.state >> 33) as u32 % sides + 1
    }
}

fn next(state: u64) -> u64 {
    state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
}
