//! A level: the map and everything on it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use engine::clock;
use engine::dice::Dice;
use engine::grid::{Grid, Point};
use engine::store::{Handle, Store};
use hotpatch::hotpatch;

use crate::brain::{Brain, Hunter, Intent, Wander};
use crate::creature::{Claws, Creature, Kind};
use crate::item::{Effect, Item, Owner, Seal};
use crate::rules;

pub struct World {
    pub creatures: Store<Creature>,
    pub hero: Handle<Creature>,
    pub beast: Handle<Creature>,
    pub tiles: Grid<Tile>,
    brains: Vec<Box<dyn Brain>>,
    items: BTreeMap<u8, Item>,
    listeners: Vec<Box<dyn Fn(u32) -> u32>>,
    score: Rc<RefCell<Score>>,
    marks: Vec<Option<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tile {
    Floor,
    Wall,
    Water,
}

pub struct Score {
    pub turns: u64,
    pub best: (u16, char),
}

impl World {
    pub fn new() -> Self {
        let mut creatures = Store::default();
        let claws = Claws {
            length: 3,
            poison: Some(true),
        };
        let hero = creatures.insert(Creature::new("Ada", (1, 1), Kind::Hero { level: 2 }));
        let beast = creatures.insert(Creature::new("Wolf", (3, 1), Kind::Beast(claws)));
        creatures.insert(Creature::new("Boo", (2, 0), Kind::Ghost));
        let owner = Rc::new(Owner {
            name: "Ada".to_owned(),
            since: 7,
        });
        let item = |name, effect, number, owner| Item {
            name,
            effect,
            seal: Seal { number },
            owner,
        };
        let extra = 4;
        use Tile::{Floor, Wall, Water};
        Self {
            creatures,
            hero,
            beast,
            tiles: Grid::new(4, vec![Wall, Floor, Floor, Wall, Wall, Floor, Water, Floor]),
            brains: vec![Box::new(Hunter::new("Ada", 2)), Box::new(Wander::new(1))],
            items: BTreeMap::from([
                (1, item("potion", Effect::Heal(8), 0xa1, Some(owner))),
                (2, item("torch", Effect::Light { radius: 2.5 }, 0xb2, None)),
                (3, item("pebble", Effect::Nothing, 0xc3, None)),
            ]),
            listeners: vec![Box::new(move |n| n + extra), Box::new(|n| n * 2)],
            score: Rc::new(RefCell::new(Score {
                turns: 0,
                best: (17, 'A'),
            })),
            marks: vec![Some(3), None, Some(200)],
        }
    }

    /// What using an item does.
    #[hotpatch]
    pub fn use_item(&self, number: u8) -> String {
        match self.items.get(&number) {
            Some(item) => item.used(),
            None => "nothing there".to_owned(),
        }
    }

    #[hotpatch]
    pub fn scores(&self) -> String {
        let score = self.score.borrow();
        let heard: u32 = self.listeners.iter().map(|listener| listener(10)).sum();
        let marks: u32 = self.marks.iter().flatten().map(|mark| u32::from(*mark)).sum();
        format!(
            "best {}{} heard {heard} marks {marks}",
            score.best.0, score.best.1
        )
    }

    /// What lies at a place.
    #[hotpatch]
    pub fn look(&self, x: i32) -> String {
        let at = Point { x, y: 1 };
        let tile = match self.tiles.get(at) {
            Some(Tile::Floor) => "floor",
            Some(Tile::Wall) => "wall",
            Some(Tile::Water) => "water",
            None => "void",
        };
        let near = self
            .creatures
            .iter()
            .filter(|creature| engine::grid::distance(creature.at, at) <= 1);
        format!("{tile} near {}", near.count())
    }

    pub fn turns(&self) -> u64 {
        self.score.borrow().turns
    }

    pub fn describe(&self) -> String {
        let creatures: Vec<_> = self.creatures.iter().map(Creature::describe).collect();
        let items: Vec<_> = self.items.values().map(Item::describe).collect();
        let brains: Vec<_> = self.brains.iter().map(|brain| brain.name()).collect();
        let tiles: Vec<_> = self.tiles.rows().flatten().map(|tile| *tile as u8).collect();
        let heard: Vec<_> = self.listeners.iter().map(|listener| listener(1)).collect();
        format!(
            "[{}] [{}] {brains:?} {tiles:?} {heard:?} {:?} {:?}",
            creatures.join("; "),
            items.join("; "),
            self.score.borrow().best,
            self.marks,
        )
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// One turn: every brain makes a plan.
#[hotpatch]
pub fn turn(world: &mut World, seed: u64) -> String {
    clock::begin();
    world.score.borrow_mut().turns += 1;
    let mut dice = Dice::seeded(seed);
    let creatures = world.creatures.iter().skip(1);
    let plans: Vec<_> = world
        .brains
        .iter()
        .zip(creatures)
        .map(|(brain, creature)| told(creature, brain.plan(creature, dice.roll(4))))
        .collect();
    format!("{} ({})", plans.join(", "), rules::NAME)
}

fn told(creature: &Creature, intent: Intent) -> String {
    match intent {
        Intent::Wait => format!("{} waits", creature.name),
        Intent::Step(by) => format!("{} steps {by}", creature.name),
        Intent::Strike { times } => format!("{} strikes {times}", creature.name),
    }
}

/// What a visitor decides by.
pub type Seed = u32;

/// A visitor that comes, makes one plan and goes.
#[hotpatch]
pub fn visit(seed: Seed) -> String {
    let brain: Box<dyn Brain> = Box::new(Wander::new(2));
    let visitor = Creature::new("Guest", (0, 0), Kind::Ghost);
    let plan = told(&visitor, brain.plan(&visitor, seed));
    format!("{plan} for {} turns", brain.patience())
}
