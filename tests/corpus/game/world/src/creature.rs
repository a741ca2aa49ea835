//! Creatures.

use engine::grid::Point;

pub struct Creature {
    pub name: String,
    pub at: Point,
    pub health: Health,
    pub kind: Kind,
    pub moods: [Mood; 2],
}

pub struct Health {
    pub now: u16,
    pub most: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Calm,
    Angry,
    Afraid,
}

pub enum Kind {
    Hero { level: u8 },
    Beast(Claws),
    Ghost,
}

pub struct Claws {
    pub length: u8,
    pub poison: Option<bool>,
}

impl Creature {
    pub fn new(name: &str, at: (i32, i32), kind: Kind) -> Self {
        let (x, y) = at;
        Self {
            name: name.to_owned(),
            at: Point { x, y },
            health: Health { now: 30, most: 40 },
            kind,
            moods: [Mood::Calm, Mood::Angry],
        }
    }

    /// How hard it hits.
    pub fn strength(&self) -> u32 {
        let base = match &self.kind {
            Kind::Hero { level } => u32::from(*level) * 2,
            Kind::Beast(claws) => claws.strength(),
            Kind::Ghost => 1,
        };
        base + u32::from(self.moods.contains(&Mood::Angry))
    }

    pub fn describe(&self) -> String {
        let kind = match &self.kind {
            Kind::Hero { level } => format!("hero{level}"),
            Kind::Beast(claws) => format!("beast{}{:?}", claws.length, claws.poison),
            Kind::Ghost => "ghost".to_owned(),
        };
        let (Point { x, y }, Health { now, most }) = (self.at, &self.health);
        format!("{}@{x},{y} {now}/{most} {kind} {:?}", self.name, self.moods)
    }
}

impl Claws {
    fn strength(&self) -> u32 {
        let poison = if self.poison == Some(true) { 5 } else { 0 };
        u32::from(self.length) + poison
    }
}
