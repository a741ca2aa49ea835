//! The steps of a patch in order: read, compare, select, bind, link, commit.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hotpatch_abi::code;
use hotpatch_abi::manifest::{BacktraceCache, PatchId};
use hotpatch_abi::patch_file;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::backtraces;
use crate::bind::Binder;
use crate::built;
use crate::draft::{Draft, Explanation};
use crate::elf::program::{self, LinkedImage};
use crate::history::History;
use crate::hot::{self, HotFunction};
use crate::image::Image;
use crate::instances;
use crate::linker;
use crate::live::{BASE, Index, Live};
use crate::manifest::Linked;
use crate::merge;
use crate::names::Names;
use crate::notes::{Findings, News};
use crate::program::{Atom, ObjectCache, Program};
use crate::reach::{self, Calls};
use crate::reasons::{self, Crates, Edit, Unreached};
use crate::safety::Safety;
use crate::selection::{self, Body, Compared, Selection};
use crate::signatures;
use crate::states::States;
use crate::unchanged::Unchanged;
use crate::{Error, Unit};

/// Compares the objects of a program with the live generation and makes patches.
#[derive(Debug)]
pub struct Patcher {
    pub(crate) names: Names,
    cache: ObjectCache,
    pub(crate) live: Live,
    pub(crate) safety: Safety,
    pub(crate) news: News,
    /// The program that the author was told about last.
    pub(crate) last: Arc<Program>,
    /// The hot functions that the program as built enters once; found when there is a patch.
    entered_once: Option<BTreeSet<String>>,
    pub(crate) history: History,
    /// Where the program remembers images for its backtraces.
    backtraces: Option<BacktraceCache>,
}

/// What an edit amounts to.
#[derive(Debug)]
pub enum Change {
    /// No code changed.
    Nothing {
        /// Facts that the author should know all the same, one sentence each.
        notes: Vec<String>,
    },
    /// Code changed, but no hot function reaches it.
    Unreachable {
        /// The functions whose code changed since the last comparison.
        changed: Vec<Unreached>,
        /// Facts that the author should know, one sentence each.
        notes: Vec<String>,
    },
    /// Hot functions are affected.
    Patch(Draft),
}

/// A linked patch, not yet committed by any process.
#[derive(Debug)]
pub struct Patch {
    /// Its identity.
    pub id: PatchId,
    /// The patch that must be live when it is taken; `None` if it can be taken at any generation.
    pub parent: Option<PatchId>,
    /// The patches whose images it refers to.
    pub images: Vec<PatchId>,
    /// The patch file.
    pub path: PathBuf,
    /// Time spent rewriting relocations.
    pub bind: Duration,
    /// Time spent in the linker.
    pub link: Duration,
    pub(crate) draft: Draft,
    pub(crate) linked: LinkedImage,
}

impl Patch {
    /// What it was linked from.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }
}

/// How a patch follows on what is live.
#[derive(Clone, Copy, Debug)]
pub enum Parent {
    /// On what is live: the last patch given to [`Patcher::commit`], or what [`Patcher::follow`] was told. For a session.
    Live,
    /// On the program as built, whatever is live: for a patch file that fits at any generation.
    Base,
}

impl Patcher {
    /// Reads the program as built (with symbols) and the objects it was linked from.
    ///
    /// # Errors
    ///
    /// A file cannot be read or parsed, or the program has no build id or no symbols.
    pub fn open(program: &Path, units: &[Unit]) -> Result<Self, Error> {
        let mut names = Names::default();
        let mut cache = ObjectCache::default();
        let bytes = fs::read(program).map_err(|error| Error::unreadable(program, error))?;
        let linked = program::read(&bytes, &mut names)
            .map_err(|error| Error::malformed(&program.to_string_lossy(), error))?;
        if linked.build_id.is_empty() {
            let message = format!(
                "`{}` has no build id; build it with `cargo hotpatch`",
                program.display()
            );
            return Err(Error::new(code::BUILD_ID, message));
        }
        if linked.symbols.is_empty() {
            let message = format!(
                "`{}` was linked without symbols: use a linker that keeps them unless `strip` is set in the profile",
                program.display()
            );
            return Err(Error::new(code::STRIP, message));
        }
        let reserve = built::reserve(&linked, &names);
        let backtraces = backtraces::find(&bytes, &linked, &names);
        let program = cache.read(units, &mut names)?;
        let mut safety = Safety::default();
        safety.learn(&program, &names);
        let news = News::of_process(&program, &names, &Crates::of(units));
        let last = program.clone();
        let table = built::functions(&program, &names);
        let instances = built::instances(&program, &names);
        let base = Image::built(program, linked);
        let history = History::of(&table);
        Ok(Self {
            names,
            cache,
            live: Live {
                head: None,
                table,
                others: Vec::new(),
                images: vec![base],
                instances,
                index: Index::default(),
                reserve,
                reserved: HashMap::default(),
            },
            safety,
            news,
            last,
            entered_once: None,
            history,
            backtraces,
        })
    }

    /// The build id of the program.
    pub fn build_id(&self) -> &[u8] {
        &self.live.image(BASE).linked.build_id
    }

    /// Compares the current objects (all units, replayed or not) with the live generation.
    ///
    /// # Errors
    ///
    /// An object cannot be read, or the edit cannot be applied; the code of the error says why.
    pub fn compare(&mut self, units: &[Unit]) -> Result<Change, Error> {
        let program = self.cache.read(units, &mut self.names)?;
        let adopted = self
            .live
            .instances
            .adopt(instances::instances(&program, &self.names));
        let unchanged = Unchanged::of(&program, &self.live, &self.names, &adopted.known_bodies());
        let hot = hot::functions(&program, &self.names);
        let crates = Crates::of(units);
        let mut states = States::of(&program, &self.live, &self.names);
        let compared = Compared {
            program: &program,
            live: &self.live,
            unchanged: &unchanged,
            hot: &hot,
            adopted: &adopted,
            names: &self.names,
        };
        let findings = self.news.look(compared, &states, &crates);
        let selected = select(compared, &findings, &mut states);
        let selection = selected.map_err(|error| {
            let explained = self.safety.explain(compared, &states);
            explained.err().unwrap_or(error)
        })?;
        let comes_along = |index: usize| selection.new_instances.contains(&index);
        instances::changed_captures(&adopted, &self.live.instances, comes_along, &self.names)?;
        let migrating = self.safety.migrating(&program, &self.names);
        let calls = LazyCell::new(|| Calls::of(&self.live, &self.names));
        instances::gone_accesses(&adopted, &self.live.instances, &migrating, |path| {
            let name = self.names.get(path);
            name.is_none_or(|name| self.live.versions(name).any(|version| calls.runs(version)))
        })?;
        let mut notes = signatures::notes(
            compared,
            &added(compared, &selection, &findings, &states),
            &self.safety,
            &crates,
        );
        notes.extend(
            self.news
                .notes(&findings, compared, &selection, &states, &self.safety),
        );
        let changed = findings.changed.clone();
        if !selection.is_empty() {
            self.safety.check(compared, &selection, &states, &changed)?;
            return Ok(Change::Patch(Draft {
                program,
                published: selection.paths(),
                selection: Box::new(selection),
                states: Box::new(states),
                findings: Box::new(findings),
                adopted,
                crates,
                changed,
                notes,
            }));
        }
        let path = |atom: &Atom| reasons::own_path(&program, &self.names, &crates, *atom);
        if let Some(first) = changed.iter().filter_map(path).min() {
            self.safety.layouts(&program, Some(&first), &self.names)?;
        }
        let starts_later = findings.new_starts.any_missing();
        let subject = findings.new_starts.subject();
        self.news.tell(findings);
        self.live.instances.remember(&adopted);
        let before = std::mem::replace(&mut self.last, program.clone());
        let edit = Edit {
            before: &before,
            program: &program,
            names: &self.names,
            crates: &crates,
        };
        let changed = reasons::unreached(edit, &changed, None);
        if !changed.is_empty() {
            return Ok(Change::Unreachable { changed, notes });
        }
        if starts_later {
            let mut error = Error::new(
                code::START,
                "the edit changes only what happens when the program starts",
            );
            if let Some(subject) = subject {
                error = error.about(subject);
            }
            return Err(notes.into_iter().fold(error, Error::note));
        }
        Ok(Change::Nothing { notes })
    }

    /// What the author should know of a patch that a process took. To be asked before it is committed here.
    pub fn explain(&mut self, draft: &Draft) -> Explanation {
        let Draft {
            program,
            selection,
            crates,
            changed,
            notes,
            ..
        } = draft;
        let (included, left): (Vec<Atom>, Vec<Atom>) = changed
            .iter()
            .partition(|atom| selection.included.contains(*atom));
        let edit = Edit {
            before: &self.last,
            program,
            names: &self.names,
            crates,
        };
        let unreached = reasons::unreached(edit, &left, Some(selection));
        let base = self.live.program();
        let once = self
            .entered_once
            .get_or_insert_with(|| reasons::entered_once(base, &self.names, crates));
        let mut notes = notes.clone();
        let published = selection.published.values();
        notes.extend(
            published
                .clone()
                .filter(|function| once.contains(&function.path))
                .map(|function| reasons::goes_on(&function.path)),
        );
        let bodies: Vec<_> = selection.bodies().filter_map(Body::atom).collect();
        notes.extend(reasons::objects_keep(
            program,
            &self.names,
            crates,
            &included,
            &bodies,
        ));
        Explanation { unreached, notes }
    }

    /// Binds and links. `linker` is an ELF linker that takes ld options (`ld.lld`).
    ///
    /// # Errors
    ///
    /// A relocation cannot be bound, the linker fails, or the patch file cannot be written.
    pub fn link(&mut self, draft: Draft, parent: Parent, linker: &Path, out: &Path) -> Result<Patch, Error> {
        if matches!(parent, Parent::Base) && !draft.states.reserved.is_empty() {
            return Err(Error::new(code::NEW_THREAD_LOCAL, "the edit adds a thread-local")
                .note("patch files do not know which room earlier ones took: only a session can add thread-locals"));
        }
        let start = Instant::now();
        let mut binder = Binder::new(
            &draft.program,
            &self.live,
            &self.names,
            &draft.selection,
            &draft.states,
        );
        let merged = merge::merge(&mut binder)?;
        let imports = binder.imports;
        let object = out.with_extension("o");
        let unwritable = |path: &Path, error| {
            Error::new(code::LINK, format!("cannot write `{}`: {error}", path.display()))
        };
        fs::write(&object, &merged.bytes).map_err(|error| unwritable(&object, error))?;
        let bind = start.elapsed();

        let start = Instant::now();
        linker::link(linker, &object, out)?;
        let _ = fs::remove_file(&object);
        let dylib = fs::read(out).map_err(|error| Error::unreadable(out, error))?;
        let linked = program::read(&dylib, &mut self.names)
            .map_err(|error| Error::malformed(&out.to_string_lossy(), error))?;
        let parent = match parent {
            Parent::Live => self.live.head,
            Parent::Base => None,
        };
        let linked_patch = Linked {
            program: &draft.program,
            selection: &draft.selection,
            states: &draft.states,
            live: &self.live,
            names: &self.names,
            image: &linked,
        };
        let mut manifest = linked_patch.manifest(parent, &merged, &imports)?;
        manifest.backtraces.clone_from(&self.backtraces);
        let mapped_len = linked.mapped_len as usize;
        let (file, id) = patch_file::seal(dylib, mapped_len, &manifest);
        // Written under another name and moved, so that nobody ever sees half a patch file.
        let partial = out.with_extension("partial");
        fs::write(&partial, file).map_err(|error| unwritable(&partial, error))?;
        fs::rename(&partial, out).map_err(|error| unwritable(out, error))?;
        Ok(Patch {
            id,
            parent,
            images: manifest.images,
            path: out.into(),
            bind,
            link: start.elapsed(),
            draft,
            linked,
        })
    }
}

/// Selects the content of a patch. Where an edit changes nothing that hot functions run, but what a static that they
/// reach begins with, it is those that take it.
fn select(compared: Compared<'_>, findings: &Findings, states: &mut States) -> Result<Selection, Error> {
    let selection = selection::select(compared, states, &reach::Hot::default())?;
    let statics: HashSet<Atom> = findings.changed_statics().collect();
    if !selection.is_empty() || statics.is_empty() {
        return Ok(selection);
    }
    let again = reach::hot(compared, &statics);
    selection::select(compared, states, &again)
}

/// The hot functions that come with the edit: into the process, or only into the sources.
fn added<'a>(
    compared: Compared<'a>,
    selection: &Selection,
    findings: &Findings,
    states: &States,
) -> Vec<&'a HotFunction> {
    let is_added = |function: &&HotFunction| {
        let is_told = || {
            function
                .bodies
                .iter()
                .any(|body| findings.changed.contains(&body.atom))
        };
        states.get(function.entry.linkage).is_none()
            && (selection.published.contains_key(&function.entry.path) || is_told())
    };
    compared.hot.iter().filter(is_added).collect()
}
