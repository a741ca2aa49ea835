//! In which order stale units are compiled: each after what it depends on, those that are independent of each other at
//! the same time, and none whose dependencies turn out to look as before.
//!
//! Invariant: a unit starts when all that it depends on is settled. So what one starts with never changes under it.

use std::collections::{BTreeMap, BTreeSet};

use crate::rustc_args::UnitKey;

/// The units that may have to be compiled.
#[derive(Debug)]
pub(crate) struct Schedule {
    units: BTreeMap<UnitKey, Planned>,
}

#[derive(Debug)]
struct Planned {
    /// What it depends on, as far as that is part of the schedule.
    after: BTreeSet<UnitKey>,
    /// The length of the longest chain that waits for it: what many wait for begins first.
    height: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is compiled only if something that it depends on comes to look different.
    Maybe,
    /// It is compiled.
    Due,
    Running,
    Settled,
}

/// What other units see of one that was compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// What they saw before.
    Same,
    /// Maybe something else.
    Different,
}

impl Schedule {
    /// Of these units, in an order in which each comes after what it depends on. Those that are `due` are compiled.
    pub(crate) fn new<D: IntoIterator<Item = UnitKey>>(
        order: &[UnitKey],
        due: &BTreeSet<UnitKey>,
        dependencies: impl Fn(&UnitKey) -> D,
    ) -> Self {
        let mut units: BTreeMap<UnitKey, Planned> = BTreeMap::new();
        for key in order {
            let after = dependencies(key)
                .into_iter()
                .filter(|key| units.contains_key(key));
            let planned = Planned {
                after: after.collect(),
                height: 0,
                state: if due.contains(key) {
                    State::Due
                } else {
                    State::Maybe
                },
            };
            units.insert(key.clone(), planned);
        }
        for key in order.iter().rev() {
            let Planned { after, height, .. } = &units[key];
            let (after, height) = (after.clone(), height + 1);
            for dependency in after {
                if let Some(dependency) = units.get_mut(&dependency) {
                    dependency.height = dependency.height.max(height);
                }
            }
        }
        Self { units }
    }

    /// A unit to compile now, if there is one.
    pub(crate) fn start(&mut self) -> Option<UnitKey> {
        self.pass_over();
        let ready = self.units.iter().filter(|(_, unit)| {
            unit.state == State::Due
                && unit
                    .after
                    .iter()
                    .all(|key| self.units[key].state == State::Settled)
        });
        let (key, _) = ready.max_by_key(|(_, unit)| unit.height)?;
        let key = key.clone();
        self.units.get_mut(&key)?.state = State::Running;
        Some(key)
    }

    /// A unit was compiled. Those that become due with it are returned.
    pub(crate) fn settle(&mut self, key: &UnitKey, look: Look) -> Vec<UnitKey> {
        let mut due = Vec::new();
        for (other, unit) in &mut self.units {
            if other == key {
                unit.state = State::Settled;
            } else if look == Look::Different && unit.state == State::Maybe && unit.after.contains(key) {
                unit.state = State::Due;
                due.push(other.clone());
            }
        }
        due
    }

    /// Units that nothing makes due any more are settled as they are.
    fn pass_over(&mut self) {
        loop {
            let settled = |key: &UnitKey| self.units[key].state == State::Settled;
            let same: Vec<_> = self
                .units
                .iter()
                .filter(|(_, unit)| unit.state == State::Maybe && unit.after.iter().all(settled))
                .map(|(key, _)| key.clone())
                .collect();
            if same.is_empty() {
                return;
            }
            for key in same {
                if let Some(unit) = self.units.get_mut(&key) {
                    unit.state = State::Settled;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn key(name: &str) -> UnitKey {
        UnitKey::of_library(Path::new(&format!("lib{name}.rlib"))).unwrap()
    }

    /// leaf <- left, right <- top <- bin; leaf <- side <- bin; right <- bin.
    fn schedule(due: &[&str]) -> Schedule {
        let order = ["leaf", "side", "left", "right", "top", "bin"].map(key);
        let dependencies = |of: &UnitKey| -> Vec<UnitKey> {
            let names: &[&str] = match of.stem() {
                "side" | "left" | "right" => &["leaf", "other"],
                "top" => &["left", "right"],
                "bin" => &["top", "side", "right"],
                _ => &[],
            };
            names.iter().map(|name| key(name)).collect()
        };
        Schedule::new(&order, &due.iter().map(|name| key(name)).collect(), dependencies)
    }

    fn started(schedule: &mut Schedule) -> Vec<String> {
        std::iter::from_fn(|| schedule.start())
            .map(|key| key.stem().to_owned())
            .collect()
    }

    #[test]
    fn independent_units_run_together_and_the_longest_chain_begins_first() {
        let mut schedule = schedule(&["leaf"]);
        assert_eq!(started(&mut schedule), ["leaf"]);
        schedule.settle(&key("leaf"), Look::Different);
        let first = schedule.start().unwrap();
        assert!(["left", "right"].contains(&first.stem()));
        assert_eq!(started(&mut schedule).last().unwrap(), "side");
        schedule.settle(&key("left"), Look::Different);
        assert!(started(&mut schedule).is_empty());
        schedule.settle(&key("right"), Look::Different);
        assert_eq!(started(&mut schedule), ["top"]);
        schedule.settle(&key("top"), Look::Different);
        assert!(started(&mut schedule).is_empty());
        schedule.settle(&key("side"), Look::Different);
        assert_eq!(started(&mut schedule), ["bin"]);
        schedule.settle(&key("bin"), Look::Same);
        assert!(started(&mut schedule).is_empty());
    }

    #[test]
    fn nothing_follows_a_unit_that_looks_the_same() {
        let mut schedule = schedule(&["leaf"]);
        assert_eq!(started(&mut schedule), ["leaf"]);
        assert!(schedule.settle(&key("leaf"), Look::Same).is_empty());
        assert!(started(&mut schedule).is_empty());
    }

    #[test]
    fn a_unit_that_is_due_waits_for_what_may_become_due() {
        let mut schedule = schedule(&["leaf", "bin"]);
        assert_eq!(started(&mut schedule), ["leaf"]);
        schedule.settle(&key("leaf"), Look::Same);
        assert_eq!(started(&mut schedule), ["bin"]);
    }

    #[test]
    fn a_look_that_changes_halfway_concerns_only_those_above() {
        let mut schedule = schedule(&["right"]);
        assert_eq!(started(&mut schedule), ["right"]);
        assert_eq!(
            schedule.settle(&key("right"), Look::Different),
            ["bin", "top"].map(key)
        );
        assert_eq!(started(&mut schedule), ["top"]);
        schedule.settle(&key("top"), Look::Same);
        assert_eq!(started(&mut schedule), ["bin"]);
    }
}
