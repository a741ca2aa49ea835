//! What runs after each patch: a process may go back to an earlier one, and forward again.
//!
//! Of a patch only what it published is kept, and what it follows on. The bodies after it are those that functions came
//! into the process with, as the patches on the way to it have replaced them.

use hotpatch_abi::manifest::PatchId;
use rustc_hash::FxHashMap as HashMap;

use crate::instances::{Id, InstanceBody};
use crate::live::LiveBody;
use crate::names::Name;

/// The patches that a process has taken.
#[derive(Debug)]
pub(crate) struct History {
    /// The body with which each hot function came into the process, by the path of its entry.
    first: HashMap<Name, LiveBody>,
    commits: HashMap<PatchId, Commit>,
}

#[derive(Debug)]
struct Commit {
    /// The patch that it follows on; `None` for the program as built.
    parent: Option<PatchId>,
    published: Bodies,
}

/// Bodies of hot functions and instances. An instance that is not here has its first body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bodies {
    pub(crate) functions: HashMap<Name, LiveBody>,
    pub(crate) instances: HashMap<Id, InstanceBody>,
}

impl History {
    /// Of a program with these hot functions.
    pub(crate) fn of(built: &HashMap<Name, LiveBody>) -> Self {
        Self {
            first: built.clone(),
            commits: HashMap::default(),
        }
    }

    /// A process that ran `parent` has taken a patch, with which the entries at `added` came into it.
    pub(crate) fn note(
        &mut self,
        patch: PatchId,
        parent: Option<PatchId>,
        published: Bodies,
        added: &[Name],
    ) {
        for path in added {
            if let Some(body) = published.functions.get(path) {
                self.first.entry(*path).or_insert(*body);
            }
        }
        self.commits.insert(patch, Commit { parent, published });
    }

    /// What runs after a patch, or as built; `None` if the patch is not known.
    pub(crate) fn after(&self, head: Option<PatchId>) -> Option<Bodies> {
        let mut way = Vec::new();
        let mut at = head;
        while let Some(patch) = at {
            let commit = self.commits.get(&patch)?;
            way.push(&commit.published);
            at = commit.parent;
        }
        let mut bodies = Bodies {
            functions: self.first.clone(),
            instances: HashMap::default(),
        };
        for published in way.into_iter().rev() {
            bodies.functions.extend(&published.functions);
            bodies.instances.extend(&published.instances);
        }
        Some(bodies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{BASE, ImageIndex, Version};
    use crate::names::Names;
    use crate::object_file::SectionId;
    use crate::program::Atom;

    fn body(image: usize, linkage: Name) -> LiveBody {
        let atom = Atom {
            object: 0,
            section: SectionId(0),
        };
        LiveBody {
            version: Version {
                image: ImageIndex(image),
                atom,
            },
            linkage,
            types: None,
        }
    }

    /// Where the bodies of functions lie after a patch.
    fn images(history: &History, head: Option<u64>, functions: &[Name]) -> Vec<usize> {
        let bodies = history.after(head.map(PatchId)).unwrap().functions;
        functions
            .iter()
            .map(|name| bodies[name].version.image.0)
            .collect()
    }

    #[test]
    fn what_runs_is_what_the_patches_on_the_way_published() {
        let mut names = Names::default();
        let all @ [one, two, new] = ["one", "two", "new"].map(|name| names.intern(name));
        let built = [one, two].map(|name| (name, body(BASE.0, name)));
        let mut history = History::of(&built.into_iter().collect());
        let mut note = |patch, parent: Option<u64>, image, functions: &[Name], added: &[Name]| {
            let functions = functions.iter().map(|name| (*name, body(image, *name)));
            let published = Bodies {
                functions: functions.collect(),
                ..Bodies::default()
            };
            history.note(PatchId(patch), parent.map(PatchId), published, added);
        };
        note(71, None, 1, &[one], &[]);
        note(72, Some(71), 2, &[two, new], &[new]);
        // After a roll-back.
        note(73, Some(71), 3, &[two], &[]);
        note(74, None, 4, &[new], &[]);
        // The new function came with the second patch: without it, it runs what it came with.
        assert_eq!(images(&history, None, &all), [0, 0, 2]);
        assert_eq!(images(&history, Some(71), &all), [1, 0, 2]);
        assert_eq!(images(&history, Some(72), &all), [1, 2, 2]);
        assert_eq!(images(&history, Some(73), &all), [1, 3, 2]);
        assert_eq!(images(&history, Some(74), &all), [0, 0, 4]);
        assert!(history.after(Some(PatchId(75))).is_none());
    }
}
