//! A store that hands out handles instead of references.

use std::marker::PhantomData;

pub struct Store<T> {
    slots: Vec<Slot<T>>,
}

struct Slot<T> {
    age: u32,
    value: Option<T>,
}

pub struct Handle<T> {
    index: u32,
    age: u32,
    of: PhantomData<T>,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<T> Store<T> {
    pub fn insert(&mut self, value: T) -> Handle<T> {
        let index = self.slots.len() as u32;
        self.slots.push(Slot {
            age: 1,
            value: Some(value),
        });
        Handle {
            index,
            age: 1,
            of: PhantomData,
        }
    }

    pub fn get(&self, handle: &Handle<T>) -> Option<&T> {
        let slot = self.slots.get(handle.index as usize)?;
        slot.value.as_ref().filter(|_| slot.age == handle.age)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }
}
