//! What a process has taken, and what it went back to: the picture that the next comparison is with.

use hotpatch_abi::manifest::PatchId;

use crate::draft::Draft;
use crate::history::Bodies;
use crate::image::Image;
use crate::instances::{Adopted, InstanceBody};
use crate::live::{ImageIndex, LiveBody, Version};
use crate::object_file::Role;
use crate::patcher::{Patch, Patcher};
use crate::program::Atom;
use crate::selection::{Body, Selection};

impl Patcher {
    /// Processes run what they ran after these patches (`None` for the program as built): later comparisons are with
    /// that. If they are several, what is published is all that one of them lacks, and a patch fits at any generation.
    ///
    /// # Errors
    ///
    /// The first patch that was not given to [`commit`](Self::commit). Nothing has changed then.
    pub fn follow(&mut self, heads: &[Option<PatchId>]) -> Result<(), PatchId> {
        if let [head] = heads
            && *head == self.live.head
            && self.live.others.is_empty()
        {
            return Ok(());
        }
        let bodies = heads.iter().map(|head| match (self.history.after(*head), head) {
            (Some(bodies), _) => Ok(bodies),
            (None, Some(patch)) => Err(*patch),
            (None, None) => Ok(Bodies::default()),
        });
        let mut bodies: Vec<Bodies> = bodies.collect::<Result<_, _>>()?;
        self.live.others.clear();
        if let ([head], 1) = (heads, bodies.len()) {
            self.live.follow(*head, bodies.remove(0));
        } else {
            let built = self.history.after(None).unwrap_or_default();
            self.live.follow(None, built);
            self.live.others = bodies;
        }
        Ok(())
    }

    /// The process acknowledged the patch: later comparisons are against it.
    pub fn commit(&mut self, patch: Patch) {
        let Draft {
            program,
            selection,
            states,
            findings,
            adopted,
            ..
        } = patch.draft;
        self.last = program.clone();
        self.safety.commit(&program, &selection, &states, &self.names);
        self.news.commit(*findings, &selection, &states);
        let index = ImageIndex(self.live.images.len());
        let version = |body| match body {
            Body::Loaded(version) => version,
            Body::New(atom) => Version { image: index, atom },
        };
        let functions = selection.published.values().map(|publication| {
            let body = LiveBody {
                version: version(publication.body),
                linkage: publication.source.linkage,
                types: publication.types,
            };
            (publication.entry.path, body)
        });
        let instances = selection.instances.iter().map(|(id, publication)| {
            let body = InstanceBody {
                version: version(publication.body),
                linkage: publication.source.linkage,
            };
            (*id, body)
        });
        let published = Bodies {
            functions: functions.collect(),
            instances: instances.collect(),
        };
        let added = selection.published.values();
        let added = added.filter(|publication| states.get(publication.entry.linkage).is_none());
        let added: Vec<_> = added.map(|publication| publication.entry.path).collect();
        self.live.table.extend(&published.functions);
        self.commit_instances(index, &selection, &published, adopted);
        self.history.note(patch.id, patch.parent, published, &added);
        self.live.keep_reserved(states.reserved);
        self.live.head = Some(patch.id);
        self.live.others.clear();
        let is_code = |atom: &Atom| program.section(*atom).role == Role::Code;
        let code: Vec<_> = selection.included.iter().copied().filter(is_code).collect();
        self.live.add(Image::patched(
            patch.id,
            &program,
            &code,
            selection.bound,
            patch.linked,
            &self.names,
        ));
    }

    /// The process runs the instances of a selection, whose image has this index.
    fn commit_instances(
        &mut self,
        index: ImageIndex,
        selection: &Selection,
        published: &Bodies,
        mut adopted: Adopted,
    ) {
        let known = &mut self.live.instances;
        for (id, body) in &published.instances {
            known.replace(*id, *body, &selection.instances[id].instance);
        }
        adopted.add(known, selection, index);
        known.remember(&adopted);
    }
}
