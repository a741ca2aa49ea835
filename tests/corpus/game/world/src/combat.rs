//! Fights.

use engine::dice::Dice;
use hotpatch::hotpatch;

use crate::creature::Creature;
use crate::rules;

/// One blow, worked out.
struct Blow {
    roll: u32,
    damage: u32,
}

/// What would happen if one creature attacked another.
#[hotpatch]
pub fn fight(attacker: &Creature, defender: &Creature, seed: u64) -> String {
    let mut dice = Dice::seeded(seed);
    let blow = strike(attacker, dice.roll(6));
    let left = u32::from(defender.health.now).saturating_sub(blow.damage);
    let verdict = verdict(left, defender.health.most);
    format!(
        "{} rolls {} for {}: {} {verdict}",
        attacker.name, blow.roll, blow.damage, defender.name
    )
}

fn strike(attacker: &Creature, roll: u32) -> Blow {
    let damage = attacker.strength() * roll + rules::bonus(roll);
    Blow { roll, damage }
}

fn verdict(left: u32, most: u16) -> &'static str {
    match left * 4 / u32::from(most) {
        0 => "falls",
        1 => "staggers",
        _ => "stands",
    }
}
