//! One look at what is followed: everything that fits is offered, in order, and what is new is told.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use hotpatch_abi::code::{self, Code};
use hotpatch_abi::manifest::PatchId;

use super::choice::{self, Candidate, Rank, Standing, State};
use super::content::{Content, Contents, Found, Rights};
use super::files;
use super::outcome::{Followed, Outcome};
use crate::commit::offer;
use crate::event::Turn;
use crate::image::PatchOnDisk;
use crate::lineage;
use crate::refusal::Refusal;
use crate::report::Event;
use crate::scope::Scope;
use crate::table::Table;

/// Which patches a look may offer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Offers {
    /// Those whose content is new.
    New,
    /// Also those that were refused or passed over, and those that were live before.
    All,
}

/// What looks, and what it remembers.
pub(super) struct Looker {
    path: PathBuf,
    contents: Contents,
    /// What was refused, and the rights of its file then.
    refused: HashMap<Key, (Rights, Refusal)>,
    /// What was passed over, and for which patch.
    passed: HashMap<PatchId, PatchId>,
    told: HashSet<(Key, String)>,
}

/// What is told once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Patch(PatchId),
    Damaged(u64),
    Path(PathBuf),
}

/// A file that was read, or why it was not.
type Read = Result<Found, String>;

impl Looker {
    /// Looks at an absolute path.
    pub(super) fn at(path: PathBuf) -> Self {
        Self {
            path,
            contents: Contents::default(),
            refused: HashMap::new(),
            passed: HashMap::new(),
            told: HashSet::new(),
        }
    }

    /// Looks, offers what fits, and tells what is new. Returns where each file stands.
    pub(super) fn look(&mut self, offers: Offers) -> Vec<Followed> {
        let paths = match files::at(&self.path) {
            Ok(paths) => paths,
            Err(error) => return vec![self.cannot(&error.to_string())],
        };
        self.forget_path(&self.path.clone());
        self.contents.keep(&paths);
        let read: Vec<(PathBuf, Read)> = paths
            .into_iter()
            .filter_map(|path| {
                let read = self.read(&path)?;
                Some((path, read))
            })
            .collect();
        self.forgive(&read, offers);
        let offered = self.offer_all(&read, offers);
        let candidates = candidates(&read);
        let mut seen = HashSet::new();
        read.into_iter()
            .map(|(path, read)| {
                let (key, followed) = match read {
                    Err(reason) => (None, followed(path, None, Outcome::Unreadable(reason))),
                    Ok(found) => (
                        key(&found.content),
                        self.stands(path, &found, &candidates, &offered, &mut seen),
                    ),
                };
                self.tell(key, &followed);
                followed
            })
            .collect()
    }

    /// The path cannot be followed now.
    pub(super) fn cannot(&mut self, reason: &str) -> Followed {
        let followed = followed(self.path.clone(), None, Outcome::Unreadable(reason.into()));
        self.tell(None, &followed);
        followed
    }

    /// What a file holds; `None` if it is none, or is gone.
    fn read(&mut self, path: &Path) -> Option<Read> {
        match self.contents.of(path) {
            Ok(found) => {
                self.forget_path(path);
                found.map(Ok)
            }
            Err(error) if files::is_missing(&error) => None,
            Err(error) => Some(Err(error.to_string())),
        }
    }

    /// A path can be read again: if it cannot later, that is told again.
    fn forget_path(&mut self, path: &Path) {
        self.told
            .retain(|(key, _)| !matches!(key, Key::Path(told) if told == path));
    }

    /// Forgets refusals of files whose rights have changed. Of copies the first counts, which is the one that is offered.
    fn forgive(&mut self, read: &[(PathBuf, Read)], offers: Offers) {
        if offers == Offers::All {
            self.refused.clear();
            self.passed.clear();
        }
        self.refused.retain(|key, (rights, _)| {
            let first = found(read).find(|(_, found)| self::key(&found.content).as_ref() == Some(key));
            first.is_none_or(|(path, _)| Rights::of(path) == *rights)
        });
    }

    /// Offers what fits until nothing more does. Returns what became of each.
    fn offer_all(&mut self, read: &[(PathBuf, Read)], offers: Offers) -> HashMap<Key, Outcome> {
        let mut offered = HashMap::new();
        for (path, found) in found(read) {
            let Content::Damaged(_) = found.content else {
                continue;
            };
            let key = key(&found.content).expect("damaged");
            if !self.refused.contains_key(&key) && !offered.contains_key(&key) {
                let outcome = self.offer(path, found, key.clone());
                offered.insert(key, outcome);
            }
        }
        let candidates = candidates(read);
        loop {
            let resident = resident();
            let state = State {
                chain: chain(),
                is_resident: &|patch| resident.contains(&patch),
            };
            let may_be_offered = |patch: PatchId| {
                let is_new = || {
                    !lineage::was_live(patch)
                        && !self.refused.contains_key(&Key::Patch(patch))
                        && !self.passed.contains_key(&patch)
                };
                !offered.contains_key(&Key::Patch(patch)) && (offers == Offers::All || is_new())
            };
            let Some(next) = choice::next(&candidates, &state, may_be_offered) else {
                return offered;
            };
            let key = Key::Patch(next.id);
            let (path, found) = found(read)
                .find(|(_, found)| self::key(&found.content).as_ref() == Some(&key))
                .expect("a candidate comes from a file");
            let outcome = self.offer(path, found, key.clone());
            offered.insert(key, outcome);
        }
    }

    fn offer(&mut self, path: &Path, found: &Found, key: Key) -> Outcome {
        // Before it is read: if they change meanwhile, it is offered again.
        let rights = Rights::of(path);
        let copy = PatchOnDisk::read_copy(path);
        if let (Ok(copy), Key::Patch(patch)) = (&copy, &key)
            && copy.id != *patch
        {
            // It was written meanwhile: the next look is about what it is then.
            return Outcome::NotWhole;
        }
        let outcome = match offer(|| copy) {
            Ok(applied) => Outcome::Applied(applied),
            Err(refusal) => {
                if !is_for_now(refusal.code()) {
                    self.refused.insert(key.clone(), (rights, refusal.clone()));
                }
                Outcome::Refused(refusal)
            }
        };
        let patch = match found.content {
            Content::Patch { id, .. } => Some(id),
            _ => None,
        };
        self.tell(Some(key), &followed(path.into(), patch, outcome.clone()));
        outcome
    }

    /// Where a file stands after all offers. `seen` are the patches of files before it.
    fn stands(
        &mut self,
        path: PathBuf,
        found: &Found,
        candidates: &[Candidate],
        offered: &HashMap<Key, Outcome>,
        seen: &mut HashSet<PatchId>,
    ) -> Followed {
        let refused = |key: &Key| {
            self.refused
                .get(key)
                .map(|(_, refusal)| Outcome::Refused(refusal.clone()))
        };
        let Some(key) = key(&found.content) else {
            return followed(path, None, Outcome::NotWhole);
        };
        let Key::Patch(patch) = key else {
            return followed(path, None, refused(&key).unwrap_or(Outcome::NotWhole));
        };
        let is_first = seen.insert(patch);
        if let Some(outcome) = offered.get(&key) {
            let outcome = match outcome {
                // The copies of a patch are part of what is live too, but only one was applied.
                Outcome::Applied(_) if !is_first => Outcome::Live,
                outcome => outcome.clone(),
            };
            return followed(path, Some(patch), outcome);
        }
        let resident = resident();
        let state = State {
            chain: chain(),
            is_resident: &|patch| resident.contains(&patch),
        };
        let candidate = candidates.iter().find(|candidate| candidate.id == patch);
        let standing = candidate.map(|candidate| choice::standing(candidate, candidates, &state));
        let outcome = match standing {
            Some(Standing::Live) => Outcome::Live,
            _ if lineage::was_live(patch) => Outcome::Left,
            standing => {
                if let Some(Standing::PassedOver(by)) = standing {
                    self.passed.entry(patch).or_insert(by);
                }
                match (refused(&key), self.passed.get(&patch), standing) {
                    (Some(refused), ..) => refused,
                    (None, Some(by), _) => Outcome::PassedOver { by: *by },
                    (None, None, Some(Standing::Waiting(on))) => Outcome::Waiting { on },
                    // It came to fit after the last offer, because somebody else has applied or rolled back.
                    (None, None, _) => Outcome::NotWhole,
                }
            }
        };
        followed(path, Some(patch), outcome)
    }

    /// Tells the callbacks, once for each content, or for each path if nothing is known of that.
    fn tell(&mut self, content: Option<Key>, followed: &Followed) {
        if let Outcome::Live | Outcome::Left | Outcome::NotWhole = followed.outcome {
            return;
        }
        let key = content.unwrap_or_else(|| Key::Path(followed.path.clone()));
        if self.told.insert((key, followed.outcome.to_string()))
            && let Ok(turn) = Turn::wait()
        {
            turn.emit(|| Event::Followed(followed.clone()));
        }
    }
}

fn followed(path: PathBuf, patch: Option<PatchId>, outcome: Outcome) -> Followed {
    Followed { path, patch, outcome }
}

fn key(content: &Content) -> Option<Key> {
    match content {
        Content::NotWhole => None,
        Content::Damaged(checksum) => Some(Key::Damaged(*checksum)),
        Content::Patch { id, .. } => Some(Key::Patch(*id)),
    }
}

fn found(read: &[(PathBuf, Read)]) -> impl Iterator<Item = (&Path, &Found)> {
    read.iter()
        .filter_map(|(path, read)| Some((path.as_path(), read.as_ref().ok()?)))
}

/// The patches among the files. Of several copies the first counts, so that making another one changes nothing.
fn candidates(read: &[(PathBuf, Read)]) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for (path, found) in found(read) {
        let Content::Patch { id, parent, images } = &found.content else {
            continue;
        };
        let rank = Rank(found.modified, path.file_name().unwrap_or_default().into());
        match candidates.iter_mut().find(|known| known.id == *id) {
            Some(known) => known.rank = rank.min(known.rank.clone()),
            None => candidates.push(Candidate {
                id: *id,
                parent: *parent,
                images: images.clone(),
                rank,
            }),
        }
    }
    candidates
}

/// What is live, and all that it follows on.
fn chain() -> Vec<PatchId> {
    let head = Table::live(&Scope::open()).head;
    head.map_or(Vec::new(), lineage::chain)
}

/// The patches whose images are in the process.
fn resident() -> HashSet<PatchId> {
    let scope = Scope::open();
    Table::live(&scope)
        .images
        .iter()
        .map(|image| image.patch)
        .collect()
}

/// Whether a refusal says no more than "not now".
fn is_for_now(code: Code) -> bool {
    [code::VETO, code::PARENT, code::DRAIN].contains(&code)
}
