//! The cellar: many small states in a static.

use std::sync::{LazyLock, Mutex};

use hotpatch::{Migrate, State, hotpatch};

#[derive(Migrate)]
pub struct Barrel {
    pub litres: u32,
    pub marks: [u8; 2],
}

static BARRELS: LazyLock<Mutex<Vec<State<Barrel>>>> = LazyLock::new(Mutex::default);

pub fn fill() {
    let barrels = (1..=20).map(|litres| State::new(Barrel { litres, marks: [1, 2] }));
    BARRELS.lock().unwrap().extend(barrels);
}

pub fn kept() -> u32 {
    let barrels = BARRELS.lock().unwrap();
    barrels.iter().map(|barrel| barrel.with(|barrel| barrel.litres + u32::from(barrel.marks[1]))).sum()
}

#[hotpatch]
pub fn shown(index: usize) -> String {
    let barrels = BARRELS.lock().unwrap();
    barrels[index].with(|barrel| format!("{} litres", barrel.litres))
}
