//! What each commit replaced, so that it can be taken back.
//!
//! Taking a commit back is a patch like any other, without new code: it publishes the bodies that were live before.
//! Statics and thread-locals keep what they hold.

use std::collections::BTreeMap;

use crate::hot;
use crate::live::Live;
use crate::selection::{Body, InstancePublication, Publication, Selection};
use crate::states::{State, States};

/// The commits that can be taken back, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History(Vec<Commit>);

/// What a commit replaced.
#[derive(Clone, Debug)]
struct Commit {
    functions: Vec<Replaced>,
    instances: BTreeMap<usize, InstancePublication>,
}

/// A hot function with the body that it had before a commit.
#[derive(Clone, Debug)]
struct Replaced {
    before: Publication,
    /// Where its entry lies in the process.
    entry: State,
}

impl History {
    /// Notes what a commit is about to replace. A function that did not exist before has nothing to go back to: those
    /// that call it do.
    pub(crate) fn note(&mut self, live: &Live, selection: &Selection, states: &States) {
        let replaced = selection.published.values().filter_map(|publication| {
            let before = live.table.get(&publication.entry.path)?;
            Some(Replaced {
                before: Publication {
                    source: hot::Body {
                        atom: before.version.atom,
                        linkage: before.linkage,
                    },
                    types: before.types,
                    body: Body::Loaded(before.version),
                    ..publication.clone()
                },
                entry: states.get(publication.entry.linkage)?,
            })
        });
        let instances = selection.instances.iter().map(|(id, publication)| {
            let known = live.instances.get(*id);
            let before = InstancePublication {
                source: hot::Body {
                    atom: known.version.atom,
                    linkage: known.linkage,
                },
                body: Body::Loaded(known.version),
                instance: None,
                ..publication.clone()
            };
            (*id, before)
        });
        self.0.push(Commit {
            functions: replaced.collect(),
            instances: instances.collect(),
        });
    }

    /// What takes the last commit back.
    pub(crate) fn last(&self) -> Option<(Selection, States)> {
        let Commit { functions, instances } = self.0.last()?;
        let mut selection = Selection {
            instances: instances.clone(),
            ..Selection::default()
        };
        for function in functions {
            let publication = function.before.clone();
            selection.published.insert(publication.entry.path, publication);
        }
        let entries = functions
            .iter()
            .map(|function| (function.before.entry.linkage, function.entry));
        Some((selection, States::known(entries)))
    }

    /// The last commit was taken back.
    pub(crate) fn forget_last(&mut self) {
        self.0.pop();
    }
}
