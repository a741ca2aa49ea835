//! Things that lie around.

use std::rc::Rc;

pub struct Item {
    pub name: &'static str,
    pub effect: Effect,
    pub seal: Seal,
    pub owner: Option<Rc<Owner>>,
}

pub enum Effect {
    Heal(u16),
    Light { radius: f32 },
    Nothing,
}

/// Four bytes that are read one way or the other.
#[derive(Clone, Copy)]
pub union Seal {
    pub number: u32,
    pub bytes: [u8; 4],
}

pub struct Owner {
    pub name: String,
    pub since: u32,
}

impl Item {
    /// What using it does.
    pub fn used(&self) -> String {
        match &self.effect {
            Effect::Heal(by) => format!("{} heals {by}", self.name),
            Effect::Light { radius } => format!("{} shines {radius} far", self.name),
            Effect::Nothing => format!("{} does nothing", self.name),
        }
    }

    pub fn describe(&self) -> String {
        let owner = self.owner.as_deref();
        let owner = owner.map_or("nobody".to_owned(), |owner| {
            format!("{}{}", owner.name, owner.since)
        });
        // SAFETY: every pattern of bits is a number.
        let seal = unsafe { self.seal.number };
        format!("{} {seal:x} {owner}", self.used())
    }
}
