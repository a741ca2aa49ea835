//! The instances of a process, and which of them an edited program still has.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::align::{self, Item};
use super::{Capture, Instance};
use crate::fingerprint::Fingerprint;
use crate::live::{ImageIndex, Version};
use crate::names::Name;
use crate::program::Atom;
use crate::selection::Selection;

/// An instance in the process.
#[derive(Clone, Debug)]
pub(crate) struct KnownInstance {
    /// As which it came into the process.
    pub(crate) identity: String,
    /// The bodies as built, by which the process knows it.
    pub(crate) built: Vec<Version>,
    /// The body that it runs.
    pub(crate) body: InstanceBody,
    /// The body with which it came into the process.
    pub(crate) first: InstanceBody,
    /// What it captures, if it is a closure.
    pub(crate) captures: Option<Vec<Capture>>,
    /// What it is, was, or was built as.
    contents: Vec<Fingerprint>,
}

/// A body of an instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceBody {
    pub(crate) version: Version,
    /// Its own name.
    pub(crate) linkage: Name,
}

/// An index among [`KnownInstances`]: it never changes.
pub(crate) type Id = usize;

/// The instances of a process.
#[derive(Debug, Default)]
pub(crate) struct KnownInstances {
    all: Vec<KnownInstance>,
    /// Those of the program that the author was told about last.
    last: Vec<Last>,
}

#[derive(Debug)]
struct Last {
    identity: String,
    content: Fingerprint,
    known: Option<Id>,
}

/// The instances of a program, each with what the process has of it.
#[derive(Debug, Default)]
pub(crate) struct Adopted {
    pub(crate) instances: Vec<Instance>,
    known: Vec<Option<Id>>,
    /// Closures that capture something else than before, with those that they were. They are others from now on.
    pub(crate) parted: Vec<(usize, Id)>,
}

impl Adopted {
    /// What the process has of the instance at `index`.
    pub(crate) fn known(&self, index: usize) -> Option<Id> {
        self.known[index]
    }

    /// Those that came with a patch, whose image has this index, are in the process from now on.
    pub(crate) fn add(&mut self, known: &mut KnownInstances, selection: &Selection, image: ImageIndex) {
        for index in selection.new_instances.iter().copied() {
            let instance = &self.instances[index];
            let bodies = instance.bodies.iter().map(|body| body.atom);
            let included = bodies.filter(|body| selection.included.contains(body));
            let built = included.map(|atom| Version { image, atom }).collect();
            self.known[index] = Some(known.add(instance, built));
        }
    }

    /// The instance that each body belongs to.
    pub(crate) fn by_body(&self) -> HashMap<Atom, usize> {
        let instances = self.instances.iter().enumerate();
        let bodies = instances
            .flat_map(|(index, instance)| instance.bodies.iter().map(move |body| (body.atom, index)));
        bodies.collect()
    }

    /// All bodies.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = Atom> {
        let bodies = self.instances.iter().flat_map(|instance| &instance.bodies);
        bodies.map(|body| body.atom)
    }

    /// The bodies of those that the process has.
    pub(crate) fn known_bodies(&self) -> HashSet<Atom> {
        let instances = self.instances.iter().zip(&self.known);
        let known = instances.filter(|(_, known)| known.is_some());
        known
            .flat_map(|(instance, _)| instance.bodies.iter().map(|body| body.atom))
            .collect()
    }
}

impl KnownInstances {
    /// Those of a program as built: `built` gives their place in the process.
    pub(crate) fn of(instances: Vec<Instance>, built: impl Fn(&Instance) -> Vec<Version>) -> Self {
        let mut known = Self::default();
        let ids = instances
            .iter()
            .map(|instance| Some(known.add(instance, built(instance))))
            .collect();
        known.remember(&Adopted {
            instances,
            known: ids,
            parted: Vec::new(),
        });
        known
    }

    pub(crate) fn get(&self, id: Id) -> &KnownInstance {
        &self.all[id]
    }

    /// Whether another one lies in the same place.
    pub(crate) fn is_shared(&self, id: Id) -> bool {
        let built = &self.all[id].built;
        let others = self.all.iter().enumerate().filter(|(other, _)| *other != id);
        others
            .flat_map(|(_, other)| &other.built)
            .any(|other| built.contains(other))
    }

    /// Finds those of the process among the instances of an edited program.
    pub(crate) fn adopt(&self, instances: Vec<Instance>) -> Adopted {
        fn item<'a>(identity: &'a str, content: Fingerprint) -> Item<'a> {
            Item { identity, content }
        }
        let old: Vec<_> = self
            .last
            .iter()
            .map(|last| item(&last.identity, last.content))
            .collect();
        let new: Vec<_> = instances
            .iter()
            .map(|instance| item(&instance.identity, instance.content))
            .collect();
        let pairs = align::align(&old, &new);
        let mut known: Vec<Option<Id>> = pairs.into_iter().map(|old| self.last[old?].known).collect();
        // What was not clear, or gone, is found again when it is taken back.
        let mut lost: BTreeSet<Id> = (0..self.all.len()).collect();
        known.iter().flatten().for_each(|id| {
            lost.remove(id);
        });
        for (instance, known) in instances.iter().zip(&mut known) {
            if known.is_none() {
                *known = lost.iter().copied().find(|id| self.all[*id].was(instance));
                known.map(|id| lost.remove(&id));
            }
        }
        let mut adopted = Adopted {
            instances,
            known,
            parted: Vec::new(),
        };
        self.part(&mut adopted);
        adopted
    }

    /// Those of the process that an edited program has no more, as far as can be told.
    pub(crate) fn lost<'a>(&'a self, adopted: &Adopted) -> impl Iterator<Item = &'a KnownInstance> {
        let known: BTreeSet<Id> = adopted.known.iter().flatten().copied().collect();
        let all = self.all.iter().enumerate();
        all.filter(move |(id, _)| !known.contains(id))
            .map(|(_, instance)| instance)
    }

    /// Parts those that are others for all that old callers know.
    fn part(&self, adopted: &mut Adopted) {
        for (index, instance) in adopted.instances.iter().enumerate() {
            let Some(id) = adopted.known[index] else { continue };
            let last = self.last.iter().find(|last| last.known == Some(id));
            let is_renumbered = last.is_some_and(|last| last.identity != instance.identity);
            if self.all[id].captures != instance.captures {
                adopted.parted.push((index, id));
                adopted.known[index] = None;
            } else if is_renumbered && instance.captures.is_none() {
                // What a closure among its type arguments captures is not looked at.
                adopted.known[index] = None;
            }
        }
    }

    /// The author was told about this program.
    pub(crate) fn remember(&mut self, adopted: &Adopted) {
        let last = adopted.instances.iter().zip(&adopted.known);
        self.last = last
            .map(|(instance, known)| Last {
                identity: instance.identity.clone(),
                content: instance.content,
                known: *known,
            })
            .collect();
    }

    /// The process has a new instance.
    pub(crate) fn add(&mut self, instance: &Instance, built: Vec<Version>) -> Id {
        let body = InstanceBody {
            version: built[0],
            linkage: instance.bodies[0].linkage,
        };
        self.all.push(KnownInstance {
            identity: instance.identity.clone(),
            built,
            body,
            first: body,
            captures: instance.captures.clone(),
            contents: vec![instance.content],
        });
        self.all.len() - 1
    }

    /// The process runs this body from now on.
    pub(crate) fn replace(&mut self, id: Id, body: InstanceBody, of: &Instance) {
        let known = &mut self.all[id];
        known.body = body;
        known.captures.clone_from(&of.captures);
        if !known.contents.contains(&of.content) {
            known.contents.push(of.content);
        }
    }

    /// The process runs these bodies from now on, and the first ones of all others.
    pub(crate) fn restore(&mut self, bodies: &HashMap<Id, InstanceBody>) {
        for (id, known) in self.all.iter_mut().enumerate() {
            known.body = bodies.get(&id).copied().unwrap_or(known.first);
        }
    }
}

impl KnownInstance {
    fn was(&self, instance: &Instance) -> bool {
        self.captures == instance.captures && self.contents.contains(&instance.content)
    }
}
