//! What drives a creature.

use crate::creature::Creature;

/// A creature asks its brain what to do. Brains live as long as their creatures.
pub trait Brain {
    fn name(&self) -> &str;
    fn plan(&self, creature: &Creature, roll: u32) -> Intent;
    fn patience(&self) -> u32 {
        3
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Wait,
    Step(i32),
    Strike { times: u32 },
}

pub struct Wander {
    reach: i32,
}

pub struct Hunter {
    prey: String,
    bites: u32,
}

impl Wander {
    pub fn new(reach: i32) -> Self {
        Self { reach }
    }
}

impl Hunter {
    pub fn new(prey: &str, bites: u32) -> Self {
        let prey = prey.to_owned();
        Self { prey, bites }
    }
}

impl Brain for Wander {
    fn name(&self) -> &str {
        "wander"
    }

    fn plan(&self, _: &Creature, roll: u32) -> Intent {
        match roll {
            1 => Intent::Wait,
            _ => Intent::Step(self.reach),
        }
    }
}

impl Brain for Hunter {
    fn name(&self) -> &str {
        &self.prey
    }

    fn plan(&self, creature: &Creature, roll: u32) -> Intent {
        if creature.health.now < 5 {
            return Intent::Wait;
        }
        Intent::Strike {
            times: self.bites + roll % 2,
        }
    }

    fn patience(&self) -> u32 {
        9
    }
}
